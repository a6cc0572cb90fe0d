import { call, problemOf } from "../backend";
import type { Forgotten } from "../backend/generated/Forgotten";
import type { Problem } from "../backend/generated/Problem";
import type { ReasonGroup } from "../backend/generated/ReasonGroup";
import type { ResendAsk } from "../backend/generated/ResendAsk";
import type { ResendPlan } from "../backend/generated/ResendPlan";
import type { Run } from "../backend/generated/Run";

/** Fix and resend: what it would do and cost is shown first, and nothing goes out before somebody says so. */
export class Resend {
  /** Whether the question stands on the screen. */
  open = $state(false);
  plan = $state.raw<ResendPlan | null>(null);
  problem = $state.raw<Problem | null>(null);
  asking = $state(false);
  starting = $state(false);
  #asked: ResendAsk | null = null;
  #turn = 0;

  /** Asks what sending the records of this reason again would do; of all reasons where none is given. */
  ask(run: string, group: ReasonGroup | null): Promise<void> {
    return this.#ask({ run, fate: group?.fate ?? null, code: group?.reason.code ?? null, column: group?.reason.column ?? null });
  }

  /** Asks the same about all that is in doubt. */
  askInDoubt(run: string): Promise<void> {
    return this.#ask({ run, fate: "in_doubt", code: null, column: null });
  }

  async #ask(asked: ResendAsk): Promise<void> {
    const turn = ++this.#turn;
    this.#asked = asked;
    this.open = true;
    this.plan = null;
    this.problem = null;
    this.asking = true;
    try {
      const plan = await call("runs.resend_plan", asked);
      if (turn !== this.#turn) return;
      this.plan = plan;
      this.problem = plan.problem;
    } catch (thrown) {
      if (turn === this.#turn) this.problem = problemOf(thrown);
    } finally {
      if (turn === this.#turn) this.asking = false;
    }
  }

  /** Starts the run that sends them. */
  async start(): Promise<Run | null> {
    if (this.starting || !this.#asked || !this.plan || this.plan.problem) return null;
    this.starting = true;
    this.problem = null;
    try {
      const run = await call("runs.resend", this.#asked);
      this.open = false;
      return run;
    } catch (thrown) {
      this.problem = problemOf(thrown);
      return null;
    } finally {
      this.starting = false;
    }
  }

  dismiss(): void {
    this.#turn += 1;
    this.open = false;
    this.asking = false;
  }
}

/** Forget this person: takes an identity out of every record of every run. */
export class Forgetting {
  /** Who is about to be forgotten. */
  identity = $state<string | null>(null);
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);
  done = $state.raw<Forgotten | null>(null);

  ask(identity: string): void {
    this.identity = identity;
    this.problem = null;
    this.done = null;
  }

  async forget(): Promise<boolean> {
    if (this.busy || this.identity === null) return false;
    this.busy = true;
    this.problem = null;
    try {
      this.done = await call("runs.forget_person", { identity: this.identity });
      this.identity = null;
      return true;
    } catch (thrown) {
      this.problem = problemOf(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  dismiss(): void {
    this.identity = null;
  }
}
