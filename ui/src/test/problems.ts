import type { Problem } from "../backend/generated/Problem";

/** Made-up problems, for the tests of any folder. */

export function problem(code: string, more: Partial<Problem> = {}): Problem {
  const commands: Problem["commands"] = more.command ? [{ shell: "posix", line: more.command }] : [];
  return { code, voice: "this_machine", facts: {}, title: code, explanation: "", who: "You, here", retryable: false, fix: null, command: null, commands, tool: null, command_does: null, settles: null, console: null, message: null, answer: null, ...more };
}

export function wrong(field: string, title: string, more: Partial<Problem> = {}): Problem {
  return problem(`wrong_${field}`, { facts: { field }, title, ...more });
}
