import { SvelteSet } from "svelte/reactivity";
import { call, problemOf } from "../backend";
import type { Account } from "../backend/generated/Account";
import type { Connection } from "../backend/generated/Connection";
import type { ImportBrief } from "../backend/generated/ImportBrief";
import type { Plan } from "../backend/generated/Plan";
import type { Problem } from "../backend/generated/Problem";
import type { Property } from "../backend/generated/Property";
import type { Source } from "../backend/generated/Source";
import type { SyncType } from "../backend/generated/SyncType";
import { Comparing } from "./comparing.svelte";
import { DryRun } from "./dry-run.svelte";
import { Launch } from "./launch.svelte";
import { linesOf } from "./lines";
import { freeName, opening } from "./opening";
import { hasMapping, leaveOut, newPlan, propertyFor, sendColumn, syncTypeOf, wayOf, withSuggestion, withSyncType, withWay, type Way } from "./plan";
import { PlanReviewer, type Question } from "./review.svelte";
import { SourceReader } from "./source.svelte";
import { fieldOf, isAt, problemsOf, stepOf, type StepName } from "./steps";
import { summaryOf } from "./summary";
import { syncWords } from "./words";

/** Something that was taken from the mapping and can be had back. */
export interface Undo {
  said: string;
  plan: Plan;
  suggested: string[];
}

/** Create Import and Edit: one plan, edited in three steps. Views show it; only this changes it. */
export class ImportWizard {
  step = $state<StepName>("configure");
  plan = $state.raw<Plan>(newPlan());
  brief = $state.raw<ImportBrief | null>(null);
  connections = $state.raw<Connection[]>([]);
  accounts = $state.raw<Account[]>([]);
  loading = $state(true);
  /** Why the wizard could not be opened. */
  problem = $state.raw<Problem | null>(null);
  saving = $state(false);
  saveProblem = $state.raw<Problem | null>(null);
  undo = $state.raw<Undo | null>(null);
  /** Manually Trigger: Run later, instead of Run Immediately. */
  later = $state(false);
  /** The line of the mapping that the inspector shows, by its key. */
  inspected = $state<string | null>(null);
  /** Fields that were left once: their problems may show. */
  readonly touched = new SvelteSet<string>();
  /** Properties that are as they were proposed. */
  readonly suggested = new SvelteSet<string>();

  readonly source = new SourceReader();
  readonly review = new PlanReviewer();
  readonly dryRun = new DryRun();
  readonly launch = new Launch();
  readonly comparing = new Comparing();

  #saved = $state("");

  readonly sync = $derived(syncTypeOf(this.plan));
  readonly connection = $derived(this.connections.find(({ name }) => name === this.plan.database) ?? null);
  readonly lines = $derived(linesOf(this.plan, this.source.columns, this.source.sample, this.review.answer));
  readonly summary = $derived(this.source.estimate ? summaryOf(this.plan, this.source.estimate) : null);
  readonly dirty = $derived(JSON.stringify(this.plan) !== this.#saved);
  readonly id = $derived(this.brief?.id ?? null);

  /** Properties that were taken out, so that putting them back brings what was chosen. */
  #leftOut: Record<string, Property> = {};

  get question(): Question {
    return { plan: this.plan, import: this.id, columns: this.source.columns, sample: this.source.sample };
  }

  async open(id: string | null, connection: string | null = null): Promise<void> {
    this.loading = true;
    this.problem = null;
    try {
      const { connections, accounts, saved, plan } = await opening(id, connection);
      this.connections = connections;
      this.accounts = accounts;
      this.brief = saved?.brief ?? null;
      this.plan = plan;
      this.#saved = JSON.stringify(this.plan);
      if (saved) for (const problem of saved.problems) this.touched.add(fieldOf(problem));
      this.#look();
      if (saved) this.review.ask(this.question);
    } catch (thrown) {
      this.problem = problemOf(thrown);
    } finally {
      this.loading = false;
    }
  }

  /** Takes the next plan, and asks what the engine makes of it. */
  change(plan: Plan): void {
    this.plan = plan;
    this.saveProblem = null;
    this.review.ask(this.question);
  }

  setWay(way: Way): void {
    this.change(withWay(this.plan, way));
    this.#compare();
  }

  setDatabase(database: string): void {
    const source: Source = "table" in this.plan.source ? { table: "" } : this.plan.source;
    this.change({ ...this.plan, database, source });
    this.#look();
  }

  setSource(source: Source): void {
    this.change({ ...this.plan, source });
    this.#look();
  }

  setSyncType(sync: SyncType): void {
    if (sync === this.sync) return;
    const had = hasMapping(this.plan);
    this.#keepForUndo(`Switched to ${syncWords[sync]}. What was mapped before is cleared.`, had);
    this.#leftOut = {};
    this.suggested.clear();
    this.review.clear();
    this.change(withSyncType(this.plan, sync));
    void this.suggest();
  }

  /** Maps anew from names and types. */
  async startOver(): Promise<void> {
    this.#keepForUndo("The mapping is as proposed again.", hasMapping(this.plan));
    await this.suggest();
  }

  takeBack(): void {
    if (!this.undo) return;
    const { plan, suggested } = this.undo;
    this.suggested.clear();
    for (const key of suggested) this.suggested.add(key);
    this.undo = null;
    this.change({ ...plan, nickname: this.plan.nickname, database: this.plan.database, account: this.plan.account, source: this.plan.source });
  }

  async suggest(): Promise<void> {
    if (this.source.columns.length === 0) return;
    const sync = this.sync;
    try {
      const suggested = await call("imports.suggest", { columns: this.source.columns, sync_type: sync });
      if (sync !== this.sync) return;
      this.suggested.clear();
      for (const property of suggested.properties) this.suggested.add(suggestionKey(property));
      this.change(withSuggestion(this.plan, suggested));
    } catch (thrown) {
      this.review.problem = problemOf(thrown);
    }
  }

  send(column: string): void {
    const found = this.source.columns.find(({ name }) => name === column);
    if (!found) return;
    this.change(sendColumn(this.plan, this.#leftOut[column] ?? propertyFor(found), this.source.columns));
  }

  leaveOut(index: number): void {
    const property = this.plan.properties[index];
    if (!property) return;
    this.#leftOut[property.column] = property;
    this.change(leaveOut(this.plan, index));
  }

  /** Goes to a step. Onwards only when what stands before it is in order; the first problem is then given back. */
  async go(step: StepName): Promise<Problem | null> {
    if (step === "configure") {
      this.step = step;
      return null;
    }
    const answer = await this.review.now(this.question);
    if (!answer) return this.review.problem;
    const stop = problemsOf(step === "map" ? "configure" : "review", answer)[0];
    if (stop) {
      this.step = stepOf(stop);
      for (const problem of problemsOf(this.step, answer)) this.touched.add(fieldOf(problem));
      return stop;
    }
    if (this.connection && !this.source.estimate) await this.source.ask(this.connection.id, this.plan.source);
    if (this.source.estimateProblem) {
      this.step = "configure";
      return this.source.estimateProblem;
    }
    this.step = step;
    if (!hasMapping(this.plan)) await this.suggest();
    return null;
  }

  async preview(): Promise<void> {
    if (!this.connection) return;
    if (await this.source.preview(this.connection.id, this.plan.source)) this.review.ask(this.question);
  }

  /** Keeps the plan. As a Draft it may be incomplete. What was typed stays, whatever happens. */
  async save(draft: boolean): Promise<boolean> {
    if (this.locked || this.saving) return false;
    this.saving = true;
    this.saveProblem = null;
    try {
      const plan = draft && this.plan.nickname.trim() === "" ? { ...this.plan, nickname: await freeName() } : this.plan;
      const saved = await call("imports.save", { id: this.id, plan, draft });
      this.brief = saved.brief;
      this.dryRun.renew(plan, saved.plan);
      this.plan = saved.plan;
      this.#saved = JSON.stringify(saved.plan);
      return true;
    } catch (thrown) {
      const problem = problemOf(thrown);
      this.saveProblem = problem;
      this.touched.add(fieldOf(problem));
      return false;
    } finally {
      this.saving = false;
    }
  }

  /** Whether saving may leave it incomplete: it is new, or still a Draft. */
  get draft(): boolean {
    return this.brief === null || this.brief.status === "draft";
  }

  /** Why nothing can be saved, where nothing can. */
  get locked(): "running" | "stopped" | null {
    const status = this.brief?.status;
    return status === "running" || status === "stopped" ? status : null;
  }

  /** Begins a new import with the same settings, so that one that is stopped can live on under another name. */
  copy(): void {
    this.brief = null;
    this.#saved = "";
    this.change({ ...this.plan, nickname: `${this.plan.nickname} copy` });
    this.step = "configure";
  }

  /** The problem at a place that was left once already. */
  shownAt(place: string): Problem | null {
    const left = [...this.touched].some((field) => field === place || field.startsWith(`${place}.`) || (field !== "" && place.startsWith(`${field}.`)));
    if (!left) return null;
    return this.review.answer?.problems.find((problem) => isAt(problem, place)) ?? null;
  }

  isSuggested(property: Property): boolean {
    return this.suggested.has(suggestionKey(property));
  }

  touch(place: string): void {
    this.touched.add(place);
    this.review.ask(this.question);
  }

  /** Saves, and starts a run unless a warning has to be read first. Gives the run's id once it goes. */
  async saveAndRun(): Promise<string | null> {
    if (!(await this.save(false)) || !this.id) return null;
    return this.launch.ask(this.id);
  }

  close(): void {
    this.source.forget();
    this.review.clear();
    this.dryRun.close();
  }

  #look(): void {
    const connection = this.connection;
    if (connection) void this.source.listTables(connection.id);
    this.source.look(connection?.id ?? null, this.plan.source);
    this.#compare();
  }

  #compare(): void {
    if (wayOf(this.plan) === "changed") void this.comparing.look(this.connection?.id ?? null, this.plan.source);
    else this.comparing.forget();
  }

  #keepForUndo(said: string, worth: boolean): void {
    this.undo = worth ? { said, plan: this.plan, suggested: [...this.suggested] } : null;
  }
}

export function suggestionKey({ column, name, type }: Property): string {
  return JSON.stringify([column, name, type]);
}
