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

  /** The plan that the answer is about. */
  #about: Plan | null = null;
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Asks after a short pause, once for a burst of changes. */
  ask(question: Question): void {
    clearTimeout(this.#timer);
    this.checking = true;
    this.#dropStale(question.plan);
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
        this.#about = question.plan;
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

  /** What was said of a value that has changed since is no longer true of it: whether it still is, the next answer tells. */
  #dropStale(plan: Plan): void {
    const { answer } = this;
    const about = this.#about;
    if (!answer || !about) return;
    const problems = answer.problems.filter(({ facts }) => {
      const place = facts["field"] ?? "";
      return JSON.stringify(valueAt(about, place)) === JSON.stringify(valueAt(plan, place));
    });
    if (problems.length < answer.problems.length) this.answer = { ...answer, problems };
  }

  /** The problem at a place of the plan, such as `nickname`. */
  at(place: string): Problem | null {
    return this.answer?.problems.find(({ facts }) => facts["field"] === place) ?? null;
  }
}

/** The value at a place of the plan, such as `properties.2.name`. */
function valueAt(plan: Plan, place: string): unknown {
  let value: unknown = plan;
  for (const part of place.split(".").filter(Boolean)) value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  return value;
}
