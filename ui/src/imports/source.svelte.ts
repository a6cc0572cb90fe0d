import { call, problemOf } from "../backend";
import type { Column } from "../backend/generated/Column";
import type { Estimate } from "../backend/generated/Estimate";
import type { Problem } from "../backend/generated/Problem";
import type { Sample } from "../backend/generated/Sample";
import type { Source } from "../backend/generated/Source";
import type { Tables } from "../backend/generated/Tables";
import { sourceText } from "./plan";

/** A query is asked about when the person pauses, not at each letter. */
const TYPING_PAUSE_MS = 700;

/** What is known of the place that rows come from: its tables, what reading costs, and a few rows. */
export class SourceReader {
  tables = $state.raw<Tables | null>(null);
  tablesProblem = $state.raw<Problem | null>(null);
  estimate = $state.raw<Estimate | null>(null);
  estimateProblem = $state.raw<Problem | null>(null);
  estimating = $state(false);
  sample = $state.raw<Sample | null>(null);
  sampleProblem = $state.raw<Problem | null>(null);
  previewing = $state(false);

  #listed: string | null = null;
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #about = "";
  /** What was learned of other sources, so that a look at one of them and back costs nothing again. */
  #known: Record<string, { estimate: Estimate; sample: Sample | null }> = {};

  get columns(): Column[] {
    return this.estimate?.columns ?? this.sample?.columns ?? [];
  }

  get reading(): boolean {
    return this.estimating || this.previewing;
  }

  /** Where in the query the engine stumbled, both from 1. */
  get place(): { line: number; column: number } | null {
    const position = (this.sampleProblem ?? this.estimateProblem)?.facts["position"] ?? "";
    const [line, column] = position.split(":").map(Number);
    return line && column ? { line, column } : null;
  }

  async listTables(connection: string): Promise<void> {
    if (this.#listed === connection && this.tables) return;
    this.#listed = connection;
    this.tables = null;
    this.tablesProblem = null;
    try {
      const tables = await call("imports.tables", { connection });
      if (this.#listed === connection) this.tables = tables;
    } catch (thrown) {
      if (this.#listed === connection) this.tablesProblem = problemOf(thrown);
    }
  }

  /** The source has changed: what was known of the old one is forgotten, and the new one is asked about. */
  look(connection: string | null, source: Source): void {
    clearTimeout(this.#timer);
    const about = JSON.stringify([connection, source]);
    if (about === this.#about) return;
    if (this.estimate) this.#known[this.#about] = { estimate: this.estimate, sample: this.sample };
    this.forget();
    this.#about = about;
    const known = this.#known[about];
    if (known) {
      this.estimate = known.estimate;
      this.sample = known.sample;
      return;
    }
    if (!connection || sourceText(source).trim() === "") return;
    this.estimating = true;
    this.#timer = setTimeout(() => void this.ask(connection, source), "sql" in source ? TYPING_PAUSE_MS : 0);
  }

  /** What reading would cost, now. */
  async ask(connection: string, source: Source): Promise<Estimate | null> {
    clearTimeout(this.#timer);
    const turn = ++this.#asked;
    this.#about = JSON.stringify([connection, source]);
    this.estimating = true;
    this.estimateProblem = null;
    try {
      const estimate = await call("imports.estimate", { connection, source });
      if (turn === this.#asked) this.estimate = estimate;
      return estimate;
    } catch (thrown) {
      if (turn === this.#asked) this.estimateProblem = problemOf(thrown);
      return null;
    } finally {
      if (turn === this.#asked) this.estimating = false;
    }
  }

  /** Preview Results: reads a few rows. What it would cost is asked first, where it is not known yet. */
  async preview(connection: string, source: Source): Promise<Sample | null> {
    if (!this.estimate && !(await this.ask(connection, source))) return null;
    const turn = this.#asked;
    this.previewing = true;
    this.sampleProblem = null;
    try {
      const sample = await call("imports.preview", { connection, source });
      if (turn === this.#asked) this.sample = sample;
      return sample;
    } catch (thrown) {
      if (turn === this.#asked) this.sampleProblem = problemOf(thrown);
      return null;
    } finally {
      if (turn === this.#asked) this.previewing = false;
    }
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.#about = "";
    this.estimate = null;
    this.estimateProblem = null;
    this.estimating = false;
    this.sample = null;
    this.sampleProblem = null;
    this.previewing = false;
  }
}
