import { tick } from "svelte";
import { call, problemOf } from "../backend";
import type { Account } from "../backend/generated/Account";
import type { AccountDraft } from "../backend/generated/AccountDraft";
import type { AccountTest } from "../backend/generated/AccountTest";
import type { Problem } from "../backend/generated/Problem";
import type { Region } from "../backend/generated/Region";
import { asRegion, regionName } from "./regions";

const order = ["name", "account_id", "region", "passcode", "calls_at_once"] as const;
/** What CleverTap allows an account. */
const mostAtOnce = 15;
export type AccountField = (typeof order)[number];

export function accountFieldId(field: AccountField): string {
  return `account-${field.replaceAll("_", "-")}`;
}

/** Add account, and the same form over a saved one. */
export class AccountForm {
  saved = $state.raw<Account | null>(null);
  name = $state("");
  accountId = $state("");
  region = $state<Region | null>(null);
  passcode = $state("");
  callsAtOnce = $state(mostAtOnce);
  problems = $state.raw<Problem[]>([]);
  touched = $state<Partial<Record<AccountField, boolean>>>({});
  /** What a pasted dashboard address was read as. */
  read = $state<string | null>(null);
  nameIsOurs = $state(false);
  result = $state.raw<AccountTest | null>(null);
  testing = $state(false);
  saving = $state(false);
  problem = $state.raw<Problem | null>(null);
  said = $state<string | null>(null);
  justSaved = $state(false);
  #tested = $state<string | null>(null);
  #before = $state("");
  #turn = 0;

  constructor(saved: Account | null) {
    this.#adopt(saved);
  }

  get draft(): AccountDraft {
    return { id: this.saved?.id ?? null, name: this.name, account_id: this.accountId, region: this.region, passcode: this.passcode, calls_at_once: this.callsAtOnce };
  }

  get dirty(): boolean {
    return JSON.stringify(this.draft) !== this.#before;
  }

  /** The test's answer, if it still speaks of what is typed. */
  get answer(): AccountTest | null {
    if (this.result && this.#tested === this.#essence()) return this.result;
    return this.dirty ? null : (this.saved?.last_test ?? null);
  }

  get passed(): boolean {
    return this.answer?.passed === true;
  }

  type(field: AccountField, value: string): void {
    this.said = null;
    this.justSaved = false;
    this.problems = this.problems.filter((problem) => problem.facts["field"] !== field);
    if (field === "name") {
      this.name = value;
      this.nameIsOurs = false;
    } else if (field === "account_id") {
      this.accountId = value;
      this.read = null;
      // An address is read as soon as it is there; an id waits until the person leaves the field.
      if (value.includes("clevertap.com/")) this.leave("account_id");
    } else if (field === "region") this.region = asRegion(value);
    else if (field === "calls_at_once") this.callsAtOnce = Number(value);
    else this.passcode = value;
  }

  leave(field: AccountField): void {
    this.touched[field] = true;
    void this.#review().catch(() => undefined);
  }

  problemAt(field: AccountField): Problem | null {
    return this.touched[field] ? (this.problems.find((problem) => problem.facts["field"] === field) ?? null) : null;
  }

  /** The one press of a fix. */
  async use(field: string, value: string): Promise<void> {
    const known = order.find((one) => one === field);
    if (!known) return;
    this.type(known, value);
    await this.test();
  }

  async test(): Promise<void> {
    if (this.testing || !(await this.#ready(order.filter((field) => field !== "name")))) return;
    const essence = this.#essence();
    this.testing = true;
    this.problem = null;
    try {
      const saved = this.saved && !this.dirty ? await call("accounts.test", { account: this.saved.id }) : null;
      if (saved) this.saved = saved;
      this.result = saved ? saved.last_test : await call("accounts.test_draft", this.draft);
      this.#tested = essence;
    } catch (thrown) {
      this.problem = problemOf(thrown);
    } finally {
      this.testing = false;
    }
  }

  async save(): Promise<Account | null> {
    if (this.saving || !(await this.#ready(order))) return null;
    this.saving = true;
    this.problem = null;
    try {
      const result = this.answer;
      const saved = await call("accounts.save", this.draft);
      this.#adopt(saved);
      this.result = result;
      this.#tested = this.#essence();
      this.justSaved = true;
      return saved;
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (order.some((field) => field === problem.facts["field"])) {
        this.problems = [...this.problems, problem];
        await this.#focusFirst(order);
      } else this.problem = problem;
      return null;
    } finally {
      this.saving = false;
    }
  }

  async #review(): Promise<void> {
    const turn = ++this.#turn;
    const review = await call("accounts.review", this.draft);
    if (turn !== this.#turn) return;
    this.problems = review.problems;
    if (review.address) {
      this.accountId = review.address.account_id;
      this.region = review.address.region ?? this.region;
      const where = review.address.region ? `, region ${regionName(review.address.region)}` : "";
      this.read = `Read from the dashboard address: Account ID ${review.address.account_id}${where}.`;
      this.problems = this.problems.filter((problem) => !["account_id", "region"].includes(problem.facts["field"] ?? ""));
    }
    if (review.suggested_name && (this.name === "" || this.nameIsOurs) && !this.touched.name) {
      this.name = review.suggested_name;
      this.nameIsOurs = true;
      this.problems = this.problems.filter((problem) => problem.facts["field"] !== "name");
    }
  }

  async #ready(fields: readonly AccountField[]): Promise<boolean> {
    this.said = null;
    for (const field of fields) this.touched[field] = true;
    try {
      await this.#review();
    } catch (thrown) {
      this.problem = problemOf(thrown);
      return false;
    }
    const wrong = fields.filter((field) => this.problemAt(field));
    if (wrong.length === 0) return true;
    this.said = wrong.length === 1 ? "One thing to fix first" : `${wrong.length} things to fix first`;
    await this.#focusFirst(fields);
    return false;
  }

  async #focusFirst(fields: readonly AccountField[]): Promise<void> {
    const first = fields.find((field) => this.problemAt(field));
    await tick();
    if (first) document.getElementById(accountFieldId(first))?.focus();
  }

  #adopt(saved: Account | null): void {
    this.saved = saved;
    this.name = saved?.name ?? "";
    this.accountId = saved?.account_id ?? "";
    this.region = saved?.region ?? null;
    this.passcode = "";
    this.callsAtOnce = saved?.calls_at_once ?? mostAtOnce;
    this.touched = {};
    this.read = null;
    this.#before = JSON.stringify(this.draft);
  }

  #essence(): string {
    return JSON.stringify({ ...this.draft, id: null, name: "", calls_at_once: null });
  }
}
