import { call, newest, onChanged, onSignal, problemOf } from "../backend";
import type { Problem } from "../backend/generated/Problem";
import type { Run } from "../backend/generated/Run";
import { matching, noFilters, type RunFilters } from "./filters";

/** All runs, newest first, live while some go on. */
export class RunsList {
  runs = $state.raw<Run[] | null>(null);
  problem = $state.raw<Problem | null>(null);
  actProblem = $state.raw<Problem | null>(null);
  filters = $state<RunFilters>({ ...noFilters });

  readonly shown = $derived(matching(this.runs ?? [], this.filters));
  readonly filtered = $derived(JSON.stringify(this.filters) !== JSON.stringify(noFilters));

  #stops = [onChanged(["runs"], () => void this.load()), onSignal("run", (run) => this.#hear(run))];
  #asked = 0;

  async load(): Promise<void> {
    const turn = ++this.#asked;
    try {
      const runs = await call("runs.list", { import: null });
      if (turn !== this.#asked) return;
      this.runs = newestFirst(runs);
      this.problem = null;
    } catch (thrown) {
      if (turn === this.#asked) this.problem = problemOf(thrown);
    }
  }

  /** Stops a run, or lets it pause. Its news come as signals. */
  async tell(word: "pause" | "stop", run: string): Promise<void> {
    this.actProblem = null;
    try {
      this.#hear(await newest("run", ({ id }) => id === run, () => call(`runs.${word}`, { run })));
    } catch (thrown) {
      this.actProblem = problemOf(thrown);
    }
  }

  clearFilters(): void {
    this.filters = { ...noFilters };
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #hear(run: Run): void {
    if (!this.runs) return;
    this.runs = newestFirst([run, ...this.runs.filter(({ id }) => id !== run.id)]);
  }
}

function newestFirst(runs: Run[]): Run[] {
  return [...runs].sort((a, b) => b.started_on.localeCompare(a.started_on));
}
