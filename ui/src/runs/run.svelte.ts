import { call, onSignal, problemOf } from "../backend";
import type { Exported } from "../backend/generated/Exported";
import type { Problem } from "../backend/generated/Problem";
import type { ReasonGroup } from "../backend/generated/ReasonGroup";
import type { Run } from "../backend/generated/Run";
import { Tenths } from "./progress";
import { RunRecords } from "./records.svelte";
import { Forgetting, Resend } from "./resend.svelte";

/** Reasons are asked for again at most this often while a run goes. */
const REASONS_EVERY_MS = 2_000;
/** Two minutes of speed at one measure a second. */
const SPEEDS_KEPT = 120;

/** One run: live while it goes, and all that is to be known of it afterwards. */
export class RunPage {
  run = $state.raw<Run | null>(null);
  problem = $state.raw<Problem | null>(null);
  groups = $state.raw<ReasonGroup[]>([]);
  stopping = $state(false);
  actProblem = $state.raw<Problem | null>(null);
  exporting = $state(false);
  exported = $state.raw<Exported | null>(null);
  /** Read out by a polite live region. */
  said = $state("");
  /** Records a second, as they were while this page was open. */
  speeds = $state.raw<number[]>([]);
  readonly records: RunRecords;
  readonly resend = new Resend();
  readonly forgetting = new Forgetting();

  readonly ended = $derived(this.run?.phase === "ended");

  #id: string;
  #tenths = new Tenths();
  #stops: (() => void)[];
  #reasonsAt = 0;
  #reasonsTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string) {
    this.#id = id;
    this.records = new RunRecords(id);
    this.#stops = [onSignal("run", (run) => this.#hear(run))];
  }

  async open(): Promise<void> {
    this.problem = null;
    try {
      const run = await call("runs.get", { run: this.#id });
      // A signal that came meanwhile is newer than the reply.
      if (this.run === null) this.#show(run);
      await this.loadReasons();
      if (this.run?.phase === "ended") await this.records.load();
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  }

  async loadReasons(): Promise<void> {
    this.#reasonsAt = Date.now();
    try {
      this.groups = (await call("runs.reasons", { run: this.#id })).groups;
    } catch (thrown) {
      this.actProblem = problemOf(thrown);
    }
  }

  /** Stops the run. What was delivered stays delivered. */
  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.actProblem = null;
    try {
      this.#hear(await call("runs.stop", { run: this.#id }));
    } catch (thrown) {
      this.actProblem = problemOf(thrown);
    } finally {
      this.stopping = false;
    }
  }

  /** A person was forgotten: what is shown of them goes too. */
  async forgotten(): Promise<void> {
    this.records.open = null;
    await Promise.all([this.records.load(), this.loadReasons()]);
  }

  async export(): Promise<void> {
    if (this.exporting) return;
    this.exporting = true;
    this.actProblem = null;
    try {
      this.exported = (await call("runs.export", { run: this.#id })) ?? this.exported;
    } catch (thrown) {
      this.actProblem = problemOf(thrown);
    } finally {
      this.exporting = false;
    }
  }

  close(): void {
    clearTimeout(this.#reasonsTimer);
    for (const stop of this.#stops) stop();
  }

  #hear(run: Run): void {
    if (run.id !== this.#id || this.run?.phase === "ended") return;
    this.#show(run);
    this.said = this.#tenths.next(run.counts) ?? this.said;
    if (run.phase === "ended") {
      clearTimeout(this.#reasonsTimer);
      void this.loadReasons();
      void this.records.load();
    } else {
      this.#reasonsSoon();
    }
  }

  #show(run: Run): void {
    this.run = run;
    if (run.records_per_second !== null && run.phase !== "ended") this.speeds = [...this.speeds, run.records_per_second].slice(-SPEEDS_KEPT);
  }

  #reasonsSoon(): void {
    clearTimeout(this.#reasonsTimer);
    const wait = Math.max(0, this.#reasonsAt + REASONS_EVERY_MS - Date.now());
    this.#reasonsTimer = setTimeout(() => void this.loadReasons(), wait);
  }
}
