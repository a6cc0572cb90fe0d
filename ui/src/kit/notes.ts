import type { Problem } from "../backend/generated/Problem";
import type { FieldNote } from "./field";

/** A problem as it stands under its field: one or two sentences, and the press that mends it. */
export function noteOf(problem: Problem, use: (field: string, value: string) => void, brief = false): FieldNote {
  const fix = problem.fix?.kind === "use" ? problem.fix : null;
  const title = problem.title.replace(/[.]?$/, ".");
  const text = brief ? title : [title, problem.explanation].filter(Boolean).join(" ");
  return fix ? { text, fix: { label: `Use ${fix.value}`, press: () => use(fix.field, fix.value) } } : { text };
}
