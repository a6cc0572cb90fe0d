import type { Step } from "../backend/generated/Step";
import type { StepName } from "../backend/generated/StepName";
import type { StepState } from "../backend/generated/StepState";

type Looks = "waiting" | "running" | "passed" | "failed" | "unknown" | "unreached";

export const looksOf: Record<StepState, Looks> = {
  waiting: "waiting",
  running: "running",
  passed: "passed",
  failed: "failed",
  not_known: "unknown",
  not_reached: "unreached",
};

const waiting: readonly { step: StepName; title: string; asks: string; optional?: true }[] = [
  { step: "key_signs", title: "Key signs", asks: "This computer can sign with it" },
  { step: "google_accepts", title: "Google accepts the key", asks: "It exists, and is not switched off" },
  { step: "project_answers", title: "BigQuery answers in the project", asks: "The project exists, and BigQuery is on" },
  { step: "dataset_found", title: "Dataset found", asks: "Its location is read here" },
  { step: "may_run_jobs", title: "May run jobs", asks: "BigQuery Job User" },
  { step: "may_read_tables", title: "May read tables", asks: "BigQuery Data Viewer or Data Editor" },
  { step: "may_write", title: "May write", asks: "Only for sending changed rows alone", optional: true },
];

/** The steps before any test: what each will ask. */
export const untested: readonly Step[] = waiting.map(({ step, title, asks, optional }) => ({ step, title, state: "waiting", took_ms: null, optional: optional ?? false, evidence: asks, problem: null }));

/** What a step is called now: a failed one by what is wrong. */
export function titleOf(step: Step): string {
  return step.state === "failed" && step.problem ? step.problem.title : step.title;
}

export function stepId(step: StepName): string {
  return `step-${step.replaceAll("_", "-")}`;
}
