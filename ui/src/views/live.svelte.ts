import { call, onSignal } from "../backend";
import type { About } from "../backend/generated/About";
import type { ImportBrief } from "../backend/generated/ImportBrief";
import type { Run } from "../backend/generated/Run";
import { Loaded } from "../backend/loaded.svelte";

/** What the app knows of its machine: version, keychain, sandbox. */
export const about = new Loaded<About>(() => call("about"));

/** Imports by name, for the side bar's count and the palette. */
export const importBriefs = new Loaded<ImportBrief[]>(() => call("imports.list"));

/** Runs that go on right now, wherever the person is. */
class Going {
  runs = $state.raw<Run[]>([]);

  follow(): () => void {
    call("runs.list", { import: null })
      .then((all) => all.forEach((run) => this.#take(run)))
      // The runs' own screen says why; the side bar stays quiet.
      .catch(() => undefined);
    return onSignal("run", (run) => this.#take(run));
  }

  #take(run: Run): void {
    const others = this.runs.filter((one) => one.id !== run.id);
    this.runs = run.phase === "ended" ? others : [...others, run].sort((a, b) => a.started_on.localeCompare(b.started_on));
  }
}

export const going = new Going();
