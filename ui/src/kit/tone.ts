import { IconCheck, IconCircle, IconCross, IconInDoubt, IconSpin, IconWarning } from "./icons";

/** What a thing means to the reader. Colour follows; it never stands alone. */
export type Tone = "passed" | "warning" | "failed" | "running" | "waiting" | "in-doubt";

export const toneIcon = {
  passed: IconCheck,
  warning: IconWarning,
  failed: IconCross,
  running: IconSpin,
  waiting: IconCircle,
  "in-doubt": IconInDoubt,
} as const;
