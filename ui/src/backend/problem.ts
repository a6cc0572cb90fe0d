import type { Problem } from "./generated/Problem";

/** A call that did not succeed. Branch on `problem.code`, never on text. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, cause?: unknown) {
    super(problem.title, { cause });
    this.name = "Refused";
    this.problem = problem;
  }
}

export function isProblem(thing: unknown): thing is Problem {
  return typeof thing === "object" && thing !== null && "code" in thing && "title" in thing && "facts" in thing;
}

/** What to show for anything that was thrown. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Refused) return thrown.problem;
  if (isProblem(thrown)) return thrown;
  return unreachable(thrown);
}

function unreachable(thrown: unknown): Problem {
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    code: "window.engine_unreachable",
    voice: "this_machine",
    facts: {},
    title: "Tapline did not answer",
    explanation: "The window could not reach the part of Tapline that does the work. What you typed is still here. Try again; if it stays so, start Tapline again.",
    who: "You, on this computer.",
    retryable: true,
    fix: null,
    command: null,
    commands: [],
    tool: null,
    command_does: null,
    settles: null,
    console: null,
    message: null,
    answer: said ? { asked: "Tapline on this computer", status: null, said, body: null } : null,
  };
}
