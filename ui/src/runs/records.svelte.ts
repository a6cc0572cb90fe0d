import { call, problemOf } from "../backend";
import type { Fate } from "../backend/generated/Fate";
import type { Problem } from "../backend/generated/Problem";
import type { ReasonGroup } from "../backend/generated/ReasonGroup";
import type { RecordsPage } from "../backend/generated/RecordsPage";
import type { RunRecord } from "../backend/generated/RunRecord";

export const RECORDS_A_PAGE = 50;
const TYPING_PAUSE_MS = 250;

/** What did not arrive: a page at a time, narrowed by reason and by search. */
export class RunRecords {
  page = $state.raw<RecordsPage | null>(null);
  problem = $state.raw<Problem | null>(null);
  loading = $state(false);
  group = $state.raw<ReasonGroup | null>(null);
  fate = $state<Fate | null>(null);
  search = $state("");
  /** The record in the inspector. */
  open = $state.raw<RunRecord | null>(null);

  /** Where each page before this one began. */
  #starts = $state.raw<(number | null)[]>([null]);
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #run: string;

  readonly first = $derived((this.#starts.length - 1) * RECORDS_A_PAGE + 1);
  readonly last = $derived(this.first - 1 + (this.page?.records.length ?? 0));
  readonly hasBefore = $derived(this.#starts.length > 1);
  readonly hasAfter = $derived(this.last < (this.page?.total ?? 0));

  constructor(run: string) {
    this.#run = run;
  }

  async load(): Promise<void> {
    clearTimeout(this.#timer);
    const turn = ++this.#asked;
    this.loading = true;
    try {
      const page = await call("runs.records", {
        run: this.#run,
        fate: this.group?.fate ?? this.fate,
        code: this.group?.reason.code ?? null,
        column: this.group?.reason.column ?? null,
        search: this.search.trim(),
        after: this.#starts.at(-1) ?? null,
        limit: RECORDS_A_PAGE,
      });
      if (turn !== this.#asked) return;
      this.page = page;
      this.problem = null;
    } catch (thrown) {
      if (turn === this.#asked) this.problem = problemOf(thrown);
    } finally {
      if (turn === this.#asked) this.loading = false;
    }
  }

  /** Narrows to one reason; choosing it again shows all. */
  choose(group: ReasonGroup | null): Promise<void> {
    this.group = group && sameGroup(group, this.group) ? null : group;
    return this.#fromStart();
  }

  look(search: string): void {
    this.search = search;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#fromStart(), TYPING_PAUSE_MS);
  }

  next(): Promise<void> {
    const end = this.page?.records.at(-1);
    if (!end || !this.hasAfter) return Promise.resolve();
    this.#starts = [...this.#starts, end.position];
    return this.load();
  }

  before(): Promise<void> {
    if (!this.hasBefore) return Promise.resolve();
    this.#starts = this.#starts.slice(0, -1);
    return this.load();
  }

  #fromStart(): Promise<void> {
    this.#starts = [null];
    this.open = null;
    return this.load();
  }
}

export function sameGroup(a: ReasonGroup, b: ReasonGroup | null): boolean {
  return b !== null && a.fate === b.fate && a.reason.code === b.reason.code && a.reason.column === b.reason.column;
}
