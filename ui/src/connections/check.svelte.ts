import { call, newest, onSignal, problemOf } from "../backend";
import type { CheckReport } from "../backend/generated/CheckReport";
import type { ConnectionDraft } from "../backend/generated/ConnectionDraft";
import type { Evidence } from "../backend/generated/Evidence";
import type { Problem } from "../backend/generated/Problem";
import type { Sample } from "../backend/generated/Sample";
import type { Step } from "../backend/generated/Step";
import type { StepName } from "../backend/generated/StepName";
import { took } from "../kit/say";
import { titleOf } from "./ladder";

/** Test Connection as the window sees it: one report, replaced whole at every change. */
export class Check {
  report = $state.raw<CheckReport | null>(null);
  /** Why the test could not even be asked for. */
  problem = $state.raw<Problem | null>(null);
  starting = $state(false);
  evidence = $state.raw<Evidence | null>(null);
  table = $state("");
  sample = $state.raw<Sample | null>(null);
  sampleProblem = $state.raw<Problem | null>(null);
  sampling = $state(false);
  /** What the test was run with, to tell whether it still speaks of what is typed. */
  #tested = $state<string | null>(null);

  /** Hears reports while the form is open. For an `$effect`: returns how to stop. */
  follow(): () => void {
    return onSignal("check", (report) => this.#hear(report));
  }

  get running(): boolean {
    return this.starting || this.report?.verdict === "running";
  }

  get passed(): boolean {
    return this.report?.verdict === "passed";
  }

  get failedSteps(): Step[] {
    return (this.report?.steps ?? []).filter((step) => step.state === "failed");
  }

  /** Whether the report speaks of this draft. The name does not matter to Google. */
  speaksOf(draft: ConnectionDraft): boolean {
    return this.report !== null && this.#tested === essence(draft);
  }

  /** The same thing was tested, though it is written down otherwise now. */
  carryOver(draft: ConnectionDraft): void {
    this.#tested = essence(draft);
  }

  async start(draft: ConnectionDraft): Promise<void> {
    await this.#begin(draft, () => call("check.start", { draft }));
  }

  /** Tests a connection as it is saved, so that the verdict is kept with it. */
  async startSaved(connection: string, draft: ConnectionDraft): Promise<void> {
    await this.#begin(draft, () => call("check.start_saved", { connection }));
  }

  async cancel(): Promise<void> {
    const check = this.report?.check;
    if (check && this.running) await this.#tell(() => call("check.cancel", { check }));
  }

  async again(step: StepName): Promise<void> {
    const check = this.report?.check;
    if (check) await this.#tell(() => call("check.again", { check, step }));
  }

  async show(table: string): Promise<void> {
    const check = this.report?.check;
    if (!check) return;
    this.table = table;
    this.sampling = true;
    this.sampleProblem = null;
    try {
      const sample = await call("check.sample", { check, table });
      if (this.table === table) this.sample = sample;
    } catch (thrown) {
      if (this.table === table) {
        this.sample = null;
        this.sampleProblem = problemOf(thrown);
      }
    } finally {
      if (this.table === table) this.sampling = false;
    }
  }

  async #begin(draft: ConnectionDraft, ask: () => Promise<CheckReport>): Promise<void> {
    if (this.running) return;
    this.starting = true;
    this.problem = null;
    this.evidence = null;
    this.sample = null;
    this.sampleProblem = null;
    this.table = "";
    try {
      const report = await reportOf(ask);
      this.#tested = essence(draft);
      this.report = report;
      this.starting = false;
      this.#afterwards();
    } catch (thrown) {
      this.problem = problemOf(thrown);
    } finally {
      this.starting = false;
    }
  }

  async #tell(ask: () => Promise<CheckReport>): Promise<void> {
    try {
      this.#hear(await reportOf(ask));
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  }

  #hear(report: CheckReport): void {
    if (report.check !== this.report?.check) return;
    this.report = report;
    this.#afterwards();
  }

  #afterwards(): void {
    if (this.passed && !this.evidence && this.report) void this.#look(this.report.check);
  }

  async #look(check: string): Promise<void> {
    try {
      const evidence = await call("check.evidence", { check });
      if (this.report?.check === check) this.evidence = evidence;
    } catch (thrown) {
      if (this.report?.check === check) this.evidence = { tables: [], complete: false, problem: problemOf(thrown) };
    }
  }
}

function reportOf(ask: () => Promise<CheckReport>): Promise<CheckReport> {
  return newest("check", (heard, reply) => heard.check === reply.check, ask);
}

function essence(draft: ConnectionDraft): string {
  return JSON.stringify({ ...draft, name: "" });
}

/** What a screen reader hears when the report changes: the step that was just decided, or the verdict. */
export function spoken(before: CheckReport | null, now: CheckReport | null): string | null {
  if (!now) return null;
  if (now.verdict !== "running") return verdictWords(now);
  const decided = now.steps.filter((step) => {
    const earlier = before?.check === now.check ? before.steps.find((one) => one.step === step.step) : undefined;
    return step.state !== earlier?.state && (step.state === "passed" || step.state === "failed" || step.state === "not_known");
  });
  if (decided.length === 0) return null;
  return decided.map((step) => `${stateWords[step.state]}: ${titleOf(step)}`).join(". ");
}

export const stateWords = {
  waiting: "Waiting",
  running: "Running",
  passed: "Passed",
  failed: "Failed",
  not_known: "Not known",
  not_reached: "Not reached",
} as const;

export function verdictTitle(report: CheckReport): string {
  const failed = report.steps.filter((step) => step.state === "failed").length;
  switch (report.verdict) {
    case "running":
      return "Testing";
    case "passed":
      return "The connection works";
    case "cancelled":
      return "The test was cancelled";
    case "failed":
      return failed === 1 ? "One step to fix" : failed === 0 ? "The test did not pass" : `${failed} steps to fix`;
  }
}

export function verdictWords(report: CheckReport): string {
  const passed = report.steps.filter((step) => step.state === "passed").length;
  const of = `${passed} of ${report.steps.length} passed, in ${took(report.took_ms)}.`;
  const first = report.steps.find((step) => step.state === "failed");
  return [`${verdictTitle(report)}.`, of, first ? `Failed: ${titleOf(first).replace(/[.]?$/, ".")}` : ""].filter(Boolean).join(" ");
}
