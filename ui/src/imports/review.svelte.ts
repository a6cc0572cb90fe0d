import { call, problemOf } from "../backend";
import type { Column } from "../backend/generated/Column";
import type { Plan } from "../backend/generated/Plan";
import type { PlanReview } from "../backend/generated/PlanReview";
import type { Problem } from "../backend/generated/Problem";
import type { Sample } from "../backend/generated/Sample";

/** Long enough for a word to be typed, short enough to feel like an answer. */
const PAUSE_MS = 250;

export interface Question {
  plan: Plan;
  import: string | null;
  columns: Column[];
  sample: Sample | null;
}

/** Asks what the engine makes of a plan while it is being edited. The answer to the last question wins. */
export class PlanReviewer {
  answer = $state.raw<PlanReview | null>(null);
  checking = $state(false);
  /** Why the plan could not be looked at. What was known before stays in view. */
  problem = $state.raw<Problem | null>(null);

  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Asks after a short pause, once for a burst of changes. */
  ask(question: Question): void {
    clearTimeout(this.#timer);
    this.checking = true;
    this.#timer = setTimeout(() => void this.now(question), PAUSE_MS);
  }

  /** Asks at once, for a moment at which the answer decides what comes next. */
  async now(question: Question): Promise<PlanReview | null> {
    clearTimeout(this.#timer);
    const turn = ++this.#asked;
    this.checking = true;
    try {
      const answer = await call("imports.review", question);
      if (turn === this.#asked) {
        this.answer = answer;
        this.problem = null;
      }
      return answer;
    } catch (thrown) {
      if (turn === this.#asked) this.problem = problemOf(thrown);
      return null;
    } finally {
      if (turn === this.#asked) this.checking = false;
    }
  }

  /** Forgets an answer about a mapping that is no more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.answer = null;
    this.problem = null;
    this.checking = false;
  }

  /** The problem at a place of the plan, such as `nickname`. */
  at(place: string): Problem | null {
    return this.answer?.problems.find(({ facts }) => facts["field"] === place) ?? null;
  }
}
