import { call, newest, problemOf } from "../backend";
import type { InDoubt } from "../backend/generated/InDoubt";
import type { Problem } from "../backend/generated/Problem";
import type { ResumePlan } from "../backend/generated/ResumePlan";
import type { Run } from "../backend/generated/Run";

/** Going on with a run: what it would do is told first, and events in doubt are somebody's to decide about. */
export class Resuming {
  plan = $state.raw<ResumePlan | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** Whether a call is under way. */
  busy = $state(false);
  #turn = 0;

  /** Asks what going on with this run would do. */
  async ask(run: string): Promise<void> {
    const turn = ++this.#turn;
    this.problem = null;
    try {
      const plan = await call("runs.resume_plan", { run });
      if (turn === this.#turn) this.plan = plan;
    } catch (thrown) {
      if (turn === this.#turn) this.problem = problemOf(thrown);
    }
  }

  /** Goes on with it. `inDoubt` is what the person decided, where somebody is to be asked. */
  start(run: string, inDoubt: InDoubt | null): Promise<Run | null> {
    // What it costs stands beside the button.
    return this.#guarded(() => newest("run", ({ id }) => id === run, () => call("runs.resume", { run, in_doubt: inDoubt, confirmed: this.plan?.confirm ?? false })));
  }

  /** Leaves the events in doubt of a run as they are. */
  leave(run: string): Promise<Run | null> {
    return this.#guarded(() => call("runs.leave_doubt", { run }));
  }

  async #guarded(act: () => Promise<Run>): Promise<Run | null> {
    if (this.busy) return null;
    this.busy = true;
    this.problem = null;
    try {
      return await act();
    } catch (thrown) {
      this.problem = problemOf(thrown);
      return null;
    } finally {
      this.busy = false;
    }
  }
}
