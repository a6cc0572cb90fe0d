import { SvelteMap } from "svelte/reactivity";
import { call, onChanged, onSignal, problemOf } from "../backend";
import type { ImportBrief } from "../backend/generated/ImportBrief";
import type { Problem } from "../backend/generated/Problem";
import type { RestartPlan } from "../backend/generated/RestartPlan";
import type { Run } from "../backend/generated/Run";
import { matching, noFilters, type ImportFilters } from "./filters";
import { Launch } from "./launch.svelte";

/** The imports, live while runs go on. */
export class ImportsList {
  briefs = $state.raw<ImportBrief[] | null>(null);
  problem = $state.raw<Problem | null>(null);
  filters = $state<ImportFilters>({ ...noFilters });
  /** Runs that are going, by import. */
  readonly going = new SvelteMap<string, Run>();
  /** The import that a person wants stopped, until it is confirmed. */
  stopping = $state.raw<ImportBrief | null>(null);
  /** The import that a person wants started from the beginning, and what that means, until it is confirmed. */
  restarting = $state.raw<{ brief: ImportBrief; plan: RestartPlan } | null>(null);
  actProblem = $state.raw<Problem | null>(null);
  busy = $state(false);
  readonly launch = new Launch();

  readonly shown = $derived(matching(this.briefs ?? [], this.filters));
  readonly filtered = $derived(JSON.stringify(this.filters) !== JSON.stringify(noFilters));

  #stops = [onChanged(["imports", "runs"], () => void this.load()), onSignal("run", (run) => this.#hear(run))];
  #asked = 0;

  async load(): Promise<void> {
    const turn = ++this.#asked;
    try {
      const briefs = await call("imports.list");
      if (turn !== this.#asked) return;
      this.briefs = briefs;
      this.problem = null;
    } catch (thrown) {
      if (turn === this.#asked) this.problem = problemOf(thrown);
    }
  }

  /** Stops an import's run, or lets it pause. Its news come as signals. */
  async tell(word: "pause" | "stop", run: string): Promise<void> {
    this.launch.problem = null;
    try {
      this.#hear(await call(`runs.${word}`, { run }));
    } catch (thrown) {
      this.launch.problem = problemOf(thrown);
    }
  }

  clearFilters(): void {
    this.filters = { ...noFilters };
  }

  /** Stops for good, and the run with it. */
  async stop(): Promise<boolean> {
    const brief = this.stopping;
    if (!brief) return false;
    return this.#act(async () => {
      const { brief: stopped } = await call("imports.stop", { import: brief.id });
      this.briefs = (this.briefs ?? []).map((other) => (other.id === stopped.id ? stopped : other));
      this.stopping = null;
    });
  }

  /** Asks what starting an import from the beginning means. */
  async askRestart(brief: ImportBrief): Promise<void> {
    this.actProblem = null;
    try {
      this.restarting = { brief, plan: await call("imports.restart_plan", { import: brief.id }) };
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  }

  /** Its next run sends every row. */
  async restart(): Promise<boolean> {
    const asked = this.restarting;
    if (!asked) return false;
    return this.#act(async () => {
      await call("imports.restart", { import: asked.brief.id });
      this.restarting = null;
    });
  }

  /** Does one thing at a time, and keeps what went wrong for the dialog that asked for it. Whether it was done. */
  async #act(doing: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.actProblem = null;
    try {
      await doing();
      return true;
    } catch (thrown) {
      this.actProblem = problemOf(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #hear(run: Run): void {
    if (run.phase === "ended") {
      this.going.delete(run.import);
      void this.load();
    } else {
      this.going.set(run.import, run);
    }
  }
}

/** The run that the import can go on with, where it has one. */
export function resumable({ last_run }: ImportBrief): string | null {
  return last_run?.resumable ? last_run.run : null;
}

export function canRun(brief: ImportBrief): boolean {
  return brief.status === "ready" || brief.status === "scheduled" || brief.status === "paused";
}

export function canEdit(brief: ImportBrief): boolean {
  return brief.status !== "running";
}

export function canStop(brief: ImportBrief): boolean {
  return brief.status !== "stopped" && brief.status !== "draft";
}
