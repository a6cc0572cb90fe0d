import { call, problemOf } from "../backend";
import type { Connection } from "../backend/generated/Connection";
import type { Problem } from "../backend/generated/Problem";
import { calls, type CallName } from "./calls";
import { takeApart } from "./parts";
import { withoutSecrets } from "./secrets";

const pause = 250;

/** One answer that somebody pasted, and what it means. It lives as long as its screen and is written nowhere. */
export class Explaining {
  /** What was pasted, without its secrets. */
  text = $state("");
  /** How many secrets were taken out of it. */
  secrets = $state(0);
  connections = $state.raw<Connection[]>([]);
  /** Whose project, dataset and account were meant. */
  connection = $state<Connection | null>(null);
  meaning = $state.raw<Problem | null>(null);
  /** Why the question could not be asked. */
  problem = $state.raw<Problem | null>(null);
  #call = $state<CallName | null>(null);
  #status = $state<string | null>(null);
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly parts = $derived(takeApart(this.text));

  get call(): CallName | null {
    return this.#call ?? calls.find(({ value }) => value === this.parts.call)?.value ?? null;
  }

  get status(): string {
    return this.#status ?? (this.parts.status === null ? "" : String(this.parts.status));
  }

  get empty(): boolean {
    return this.text.trim() === "" && this.status.trim() === "";
  }

  /** What is still to be said before the answer can be judged. */
  get missing(): "call" | "status" | null {
    if (this.call === null) return "call";
    if (this.call !== "network" && !/^[1-5]\d\d$/.test(this.status.trim())) return "status";
    return null;
  }

  /** Takes new text. What it says itself counts for more than what was chosen for the text before. */
  type(pasted: string): void {
    const { text, count } = withoutSecrets(pasted);
    this.text = text;
    this.secrets = text === "" ? 0 : this.secrets + count;
    if (this.parts.call !== null) this.#call = null;
    if (this.parts.status !== null) this.#status = null;
    this.#later();
  }

  choose(name: CallName): void {
    this.#call = name;
    this.#later();
  }

  typeStatus(status: string): void {
    this.#status = status;
    this.#later();
  }

  speakOf(id: string): void {
    this.connection = this.connections.find((one) => one.id === id) ?? null;
    this.#later();
  }

  clear(): void {
    this.#call = null;
    this.#status = null;
    this.type("");
  }

  async readConnections(): Promise<void> {
    try {
      this.connections = await call("connections.list");
    } catch {
      // Without them the words have gaps where names would stand.
      this.connections = [];
    }
  }

  /** Asks at once. */
  async explain(): Promise<void> {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    const name = this.call;
    if (this.empty || name === null || this.missing) {
      this.meaning = null;
      this.problem = null;
      return;
    }
    const { headers, body, request } = this.parts;
    const status = this.status.trim();
    try {
      const meaning = await call("problems.explain", { call: name, status: status === "" ? null : Number(status), headers, body, context: this.#context(), request });
      if (turn !== this.#turn) return;
      this.meaning = meaning;
      this.problem = null;
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.meaning = null;
      this.problem = problemOf(thrown);
    }
  }

  /** Stops what was asked, as the screen closes. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#turn += 1;
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.explain(), pause);
  }

  #context(): string | null {
    const one = this.connection;
    if (!one) return null;
    return JSON.stringify({
      member: one.client_email,
      key_id: one.key_id_tail,
      project: one.project_id,
      billing_project: one.billing_project,
      dataset: one.dataset_id,
      dataset_location: one.location,
    });
  }
}
