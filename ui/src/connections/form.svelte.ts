import { tick } from "svelte";
import { call, onSignal, problemOf } from "../backend";
import type { Connection } from "../backend/generated/Connection";
import type { Problem } from "../backend/generated/Problem";
import { Check } from "./check.svelte";
import { Draft, fieldId, formOrder, textOf, type Field, type TextField } from "./draft.svelte";
import { KeyEntry } from "./key.svelte";

const advanced: readonly Field[] = ["billing_project", "bytes_cap", "location"];
const neededForTest: readonly Field[] = formOrder.filter((field) => field !== "name");

/** Add Database, and the same form over a saved connection. */
export class ConnectionForm {
  saved = $state.raw<Connection | null>(null);
  readonly check = new Check();
  readonly key: KeyEntry;
  draft: Draft;
  saving = $state(false);
  /** Why it could not be saved, where no single field is to blame. */
  problem = $state.raw<Problem | null>(null);
  /** Shown in the foot: what stands in the way right now. */
  said = $state<string | null>(null);
  justSaved = $state(false);
  advancedOpen = $state(false);
  #before = $state("");

  constructor(saved: Connection | null) {
    this.key = new KeyEntry((offer) => {
      this.said = null;
      if (offer.project_id) this.draft.offerText("project_id", offer.project_id);
      this.#reviewQuietly();
    });
    this.draft = $state(this.#draftOf(saved));
    this.#adopt(saved);
  }

  /** Hears the engine while the form is open. For an `$effect`: returns how to stop. */
  follow(): () => void {
    const stops = [
      this.check.follow(),
      onSignal("drag_over", (over) => (this.key.over = over)),
      onSignal("key_dropped", (drop) => this.key.dropped(drop)),
    ];
    return () => stops.forEach((stop) => stop());
  }

  get isNew(): boolean {
    return this.saved === null;
  }

  get dirty(): boolean {
    return JSON.stringify(this.draft.text) !== this.#before || this.key.offer !== null || this.key.pasted.trim() !== "";
  }

  /** Whether a test passed with exactly what is typed. */
  get tested(): boolean {
    return this.check.passed && this.check.speaksOf(this.draft.wire);
  }

  /** Whether an import may use the connection as it is saved. */
  get usable(): boolean {
    return !this.dirty && (this.tested || this.saved?.last_check?.passed === true);
  }

  type(field: TextField, value: string): void {
    this.said = null;
    this.justSaved = false;
    this.draft.type(field, value);
  }

  /** The one press under a field or in the ladder. */
  use(field: string, value: string): void {
    const known = formOrder.find((one) => one === field);
    if (!known || known === "key") return;
    this.type(known, value);
    this.#reviewQuietly();
  }

  leave(field: Field): void {
    void this.draft.leave(field).catch(() => undefined);
  }

  async test(): Promise<void> {
    if (this.check.running || !(await this.#ready(neededForTest))) return;
    const unchanged = this.saved !== null && !this.dirty;
    if (unchanged && this.saved) await this.check.startSaved(this.saved.id, this.draft.wire);
    else await this.check.start(this.draft.wire);
  }

  async save(): Promise<Connection | null> {
    if (this.saving || !(await this.#ready(formOrder))) return null;
    if (this.saved && this.key.offer && !this.tested) {
      this.said = "Test the new key first. It takes the old one’s place once it has passed.";
      return null;
    }
    this.saving = true;
    this.problem = null;
    try {
      const check = this.check.report && this.check.speaksOf(this.draft.wire) ? this.check.report.check : null;
      const saved = await call("connections.save", { draft: this.draft.wire, check });
      this.#afterSave(saved);
      return saved;
    } catch (thrown) {
      if (this.draft.take(thrown)) await this.#focusFirst(formOrder);
      else this.problem = problemOf(thrown);
      return null;
    } finally {
      this.saving = false;
    }
  }

  /** Reviews, applies what is plain, and stops at the first field that is wrong. */
  async #ready(fields: readonly Field[]): Promise<boolean> {
    this.said = null;
    for (const field of fields) this.draft.touched[field] = true;
    try {
      await this.draft.review();
      if (this.draft.split) {
        this.draft.useSplit();
        await this.draft.review();
      }
    } catch (thrown) {
      this.problem = problemOf(thrown);
      return false;
    }
    if (this.draft.firstWrong(fields) === null) return true;
    const wrong = fields.filter((field) => this.draft.problemAt(field));
    this.said = wrong.length === 1 ? "One thing to fix first" : `${wrong.length} things to fix first`;
    await this.#focusFirst(fields);
    return false;
  }

  async #focusFirst(fields: readonly Field[]): Promise<void> {
    const first = this.draft.firstWrong(fields);
    if (!first) return;
    if (advanced.includes(first)) this.advancedOpen = true;
    await tick();
    document.getElementById(fieldId(first))?.focus();
  }

  #afterSave(saved: Connection): void {
    const tested = this.tested;
    this.key.settled();
    this.draft = this.#draftOf(saved);
    this.#adopt(saved);
    this.justSaved = true;
    // The key has moved from waiting to saved; the test still speaks of it.
    if (tested) this.check.carryOver(this.draft.wire);
  }

  #draftOf(saved: Connection | null): Draft {
    return new Draft(saved, () => this.key.offer?.offer ?? null);
  }

  #adopt(saved: Connection | null): void {
    this.saved = saved;
    this.#before = JSON.stringify(saved ? textOf(saved) : this.draft.text);
  }

  #reviewQuietly(): void {
    // What cannot be asked now is asked again on submit, and said then.
    void this.draft.review().catch(() => undefined);
  }
}
