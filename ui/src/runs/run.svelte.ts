import { call, onChanged, onSignal, problemOf } from "../backend";
import type { Exported } from "../backend/generated/Exported";
import type { InDoubt } from "../backend/generated/InDoubt";
import type { Problem } from "../backend/generated/Problem";
import type { Reason } from "../backend/generated/Reason";
import type { ReasonGroup } from "../backend/generated/ReasonGroup";
import type { Run } from "../backend/generated/Run";
import { Tenths } from "./progress";
import { RunRecords } from "./records.svelte";
import { Forgetting, Resend } from "./resend.svelte";
import { Resuming } from "./resuming.svelte";

/** Reasons are asked for again at most this often while a run goes. */
const REASONS_EVERY_MS = 2_000;
/** Two minutes of speed at one measure a second. */
const SPEEDS_KEPT = 120;

/** One run: live while it goes, and all that is to be known of it afterwards. */
export class RunPage {
  run = $state.raw<Run | null>(null);
  problem = $state.raw<Problem | null>(null);
  groups = $state.raw<ReasonGroup[]>([]);
  /** What CleverTap takes and then cuts or changes, of records that were sent. */
  warnings = $state.raw<Reason[]>([]);
  /** Which word to the run is on its way. */
  telling = $state<"pause" | "stop" | null>(null);
  actProblem = $state.raw<Problem | null>(null);
  exporting = $state(false);
  exported = $state.raw<Exported | null>(null);
  /** Read out by a polite live region. */
  said = $state("");
  /** Records a second, as they were while this page was open. */
  speeds = $state.raw<number[]>([]);
  readonly records: RunRecords;
  readonly resend = new Resend();
  readonly resuming = new Resuming();
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
    this.#stops = [onSignal("run", (run) => this.#hear(run)), onChanged(["runs"], () => void this.#lookAgain())];
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
      const { groups, warnings } = await call("runs.reasons", { run: this.#id });
      this.groups = groups;
      this.warnings = warnings;
    } catch (thrown) {
      this.actProblem = problemOf(thrown);
    }
  }

  /** Stops the run. What was delivered stays delivered. */
  stop(): Promise<void> {
    return this.#tell("stop");
  }

  /** Stops the run, and its import waits until it is gone on with. */
  pause(): Promise<void> {
    return this.#tell("pause");
  }

  async #tell(word: "pause" | "stop"): Promise<void> {
    if (this.telling || this.run?.phase === "stopping") return;
    this.telling = word;
    this.actProblem = null;
    try {
      this.#hear(await call(`runs.${word}`, { run: this.#id }));
    } catch (thrown) {
      this.actProblem = problemOf(thrown);
    } finally {
      this.telling = null;
    }
  }

  /** Goes on with the run. `inDoubt` is what was decided of its events in doubt. */
  async resume(inDoubt: InDoubt | null): Promise<void> {
    const run = await this.resuming.start(this.#id, inDoubt);
    if (run) this.#goesOn(run);
  }

  /** Leaves the events in doubt as they are. */
  async leaveDoubt(): Promise<void> {
    const run = await this.resuming.leave(this.#id);
    if (run) this.run = run;
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
    if (run.id !== this.#id || this.ended) return;
    this.#show(run);
    this.said = this.#tenths.next(run.counts) ?? this.said;
    if (this.ended) this.#over();
    else this.#reasonsSoon();
  }

  /** An ended run may have been gone on with elsewhere, or decided about. */
  async #lookAgain(): Promise<void> {
    if (!this.ended) return;
    try {
      const run = await call("runs.get", { run: this.#id });
      if (!this.ended) return;
      if (run.phase === "ended") this.run = run;
      else this.#goesOn(run);
    } catch {
      // What is shown of an ended run stays true.
    }
  }

  #goesOn(run: Run): void {
    this.#tenths = new Tenths();
    this.speeds = [];
    this.records.open = null;
    this.resuming.plan = null;
    this.#show(run);
    this.said = "The run goes on.";
    // A short one may be over before it is known here that it goes on.
    if (this.ended) this.#over();
    else void this.loadReasons();
  }

  #over(): void {
    clearTimeout(this.#reasonsTimer);
    void this.loadReasons();
    void this.records.load();
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
