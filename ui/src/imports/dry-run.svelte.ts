import { call, newest, onSignal, problemOf } from "../backend";
import type { DryRow } from "../backend/generated/DryRow";
import type { DryRunReport } from "../backend/generated/DryRunReport";
import type { Plan } from "../backend/generated/Plan";
import type { Problem } from "../backend/generated/Problem";

export type RowsShown = "all" | "rejected" | "warned" | "ready";

export function kindOf(row: DryRow): Exclude<RowsShown, "all"> {
  if (row.rejections.length > 0) return "rejected";
  return row.warnings.length > 0 ? "warned" : "ready";
}

/** Perform Dry Run: rows beside the records that they become. Nothing goes to CleverTap. */
export class DryRun {
  report = $state.raw<DryRunReport | null>(null);
  problem = $state.raw<Problem | null>(null);
  starting = $state(false);
  everyRow = $state(false);
  shown = $state<RowsShown>("all");
  search = $state("");
  /** The reason that rows are narrowed to. */
  reason = $state<string | null>(null);
  /** The plan that the report is about, so that a later change can be told. */
  #about = $state.raw<Plan | null>(null);

  #stop = onSignal("dry_run", (report) => this.#hear(report));

  get running(): boolean {
    return this.starting || this.report?.state === "running";
  }

  get rows(): DryRow[] {
    const wanted = this.search.trim().toLowerCase();
    return (this.report?.rows ?? []).filter(
      (row) =>
        (this.shown === "all" || kindOf(row) === this.shown) &&
        (this.reason === null || row.rejections.some(({ code, column }) => reasonKey(code, column) === this.reason)) &&
        (wanted === "" || textOf(row).includes(wanted)),
    );
  }

  /** Whether the report is about this plan, whatever its name is now. */
  isAbout(plan: Plan): boolean {
    return this.#about !== null && nameless(this.#about) === nameless(plan);
  }

  /** The same plan came back from the store, perhaps with its members in another order. */
  renew(before: Plan, after: Plan): void {
    if (this.isAbout(before)) this.#about = after;
  }

  countOf(shown: RowsShown): number {
    const report = this.report;
    if (!report) return 0;
    const counts = {
      all: report.rows_read,
      rejected: report.rejected,
      warned: report.warned,
      ready: Math.max(0, report.records - report.warned),
    };
    return counts[shown];
  }

  async start(plan: Plan, everyRow: boolean): Promise<void> {
    if (this.running) return;
    this.starting = true;
    this.problem = null;
    this.report = null;
    this.everyRow = everyRow;
    this.shown = "all";
    this.search = "";
    this.reason = null;
    this.#about = plan;
    try {
      this.report = await newest("dry_run", (heard, reply) => heard.dry_run === reply.dry_run, () => call("imports.dry_run", { plan, every_row: everyRow }));
    } catch (thrown) {
      this.problem = problemOf(thrown);
    } finally {
      this.starting = false;
    }
  }

  async cancel(): Promise<void> {
    const going = this.report;
    if (!going || going.state !== "running") return;
    try {
      this.#hear(await call("imports.cancel_dry_run", { dry_run: going.dry_run }));
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  }

  clear(): void {
    void this.cancel();
    this.report = null;
    this.problem = null;
    this.#about = null;
  }

  close(): void {
    void this.cancel();
    this.#stop();
  }

  #hear(report: DryRunReport): void {
    if (report.dry_run === this.report?.dry_run && this.report.state === "running") this.report = report;
  }
}

function nameless(plan: Plan): string {
  return JSON.stringify({ ...plan, nickname: "" });
}

export function reasonKey(code: string, column: string | null): string {
  return `${code} ${column ?? ""}`;
}

function textOf(row: DryRow): string {
  return [row.cells.map(([, value]) => value ?? "").join("\n"), row.record ?? ""].join("\n").toLowerCase();
}
