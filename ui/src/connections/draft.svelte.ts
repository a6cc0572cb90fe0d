import { call, problemOf } from "../backend";
import type { Connection } from "../backend/generated/Connection";
import type { ConnectionDraft } from "../backend/generated/ConnectionDraft";
import type { DatasetSplit } from "../backend/generated/DatasetSplit";
import type { Problem } from "../backend/generated/Problem";

/** The fields that a person types into, in the order of the form. */
export const textFields = ["name", "project_id", "dataset_id", "billing_project", "bytes_cap", "location"] as const;
export type TextField = (typeof textFields)[number];
export type Field = "key" | TextField;

/** The form from top to bottom: the first error of these takes the focus. */
export const formOrder: readonly Field[] = ["key", ...textFields];

/** How a new connection begins: no slip of the pen costs more than a few cents before somebody raises the cap. */
export const fresh: Readonly<Record<TextField, string>> = { name: "", project_id: "", dataset_id: "", billing_project: "", bytes_cap: "100 GB", location: "" };

export function fieldId(field: Field): string {
  return `connection-${field.replace("_", "-")}`;
}

function asField(name: string | undefined): Field | null {
  if (name === "offer") return "key";
  return formOrder.find((field) => field === name) ?? null;
}

/** What was typed, and what the engine says about it. */
export class Draft {
  text = $state<Record<TextField, string>>({ ...fresh });
  /** Only fields that the person has left, or tried to submit, say what is wrong with them. */
  touched = $state<Partial<Record<Field, boolean>>>({});
  problems = $state.raw<Problem[]>([]);
  split = $state.raw<DatasetSplit | null>(null);
  /** Filled in by us and not yet changed by the person. */
  filled = $state<Partial<Record<TextField, boolean>>>({});
  /** What was done to a pasted dataset path, once it was done. */
  splitSaid = $state<string | null>(null);
  readonly id: string | null;
  #offer: () => string | null;
  #turn = 0;

  constructor(saved: Connection | null, offer: () => string | null) {
    this.id = saved?.id ?? null;
    this.#offer = offer;
    if (saved) this.text = textOf(saved);
  }

  get wire(): ConnectionDraft {
    return { id: this.id, ...this.text, offer: this.#offer() };
  }

  type(field: TextField, value: string): void {
    this.text[field] = value;
    this.filled[field] = false;
    if (field === "dataset_id") {
      this.split = null;
      this.splitSaid = null;
    }
    // What was wrong with the old text is not said of the new one.
    this.problems = this.problems.filter((problem) => asField(problem.facts["field"]) !== field);
  }

  /** Fills a field in for the person, unless they typed something of their own there. */
  offerText(field: TextField, value: string): void {
    if (this.text[field] !== "" && !this.filled[field]) return;
    this.text[field] = value;
    this.filled[field] = true;
    this.problems = this.problems.filter((problem) => asField(problem.facts["field"]) !== field);
  }

  async leave(field: Field): Promise<void> {
    this.touched[field] = true;
    await this.review();
  }

  touchAll(): void {
    for (const field of formOrder) this.touched[field] = true;
  }

  /** Asks the engine about the whole draft. Fails where the engine does not answer. */
  async review(): Promise<void> {
    const turn = ++this.#turn;
    const review = await call("connections.review", this.wire);
    if (turn !== this.#turn) return;
    this.problems = review.problems;
    this.split = review.split;
    if (review.suggested_name !== null && !this.touched.name) this.offerText("name", review.suggested_name);
  }

  /** The problem that a field shows, if it is time to show it. */
  problemAt(field: Field): Problem | null {
    if (!this.touched[field]) return null;
    return this.problems.find((problem) => asField(problem.facts["field"]) === field) ?? null;
  }

  /** The first field with a problem, among these. */
  firstWrong(fields: readonly Field[] = formOrder): Field | null {
    return fields.find((field) => this.problems.some((problem) => asField(problem.facts["field"]) === field)) ?? null;
  }

  useSplit(): void {
    const split = this.split;
    if (!split) return;
    this.text.dataset_id = split.dataset_id;
    if (split.project_id) {
      this.text.project_id = split.project_id;
      this.filled.project_id = false;
    }
    this.splitSaid = split.said;
    this.split = null;
    this.problems = this.problems.filter((problem) => !["dataset_id", "project_id"].includes(problem.facts["field"] ?? ""));
  }

  /** Takes a problem that came back from another command to its field. False where it names none. */
  take(thrown: unknown): boolean {
    const problem = problemOf(thrown);
    const field = asField(problem.facts["field"]);
    if (!field) return false;
    this.touched[field] = true;
    this.problems = [...this.problems, problem];
    return true;
  }
}

export function textOf(saved: Connection): Record<TextField, string> {
  return {
    name: saved.name,
    project_id: saved.project_id,
    dataset_id: saved.dataset_id,
    billing_project: saved.billing_project ?? "",
    bytes_cap: saved.bytes_cap === null ? "" : capText(saved.bytes_cap),
    location: saved.location_override ?? "",
  };
}

/** The shortest exact way to type this many bytes, in units as the engine reads them and Google bills: powers of 1,024. */
export function capText(cap: number): string {
  for (const [size, unit] of [[2 ** 40, "TB"], [2 ** 30, "GB"], [2 ** 20, "MB"]] as const) {
    if (cap >= size && Number.isInteger((cap / size) * 1000)) return `${cap / size} ${unit}`;
  }
  return String(cap);
}
