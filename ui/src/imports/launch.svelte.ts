import { call, problemOf } from "../backend";
import type { Problem } from "../backend/generated/Problem";
import type { RunWarning } from "../backend/generated/RunWarning";

/** Run now, with the one question that it may have to ask first. */
export class Launch {
  starting = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** To be read and confirmed before anything is sent. */
  warning = $state.raw<RunWarning | null>(null);

  #import: string | null = null;

  /** Starts a run where no warning is due. Gives the run's id, or nothing where it waits or failed. */
  async ask(id: string): Promise<string | null> {
    if (this.starting) return null;
    this.#import = id;
    return this.#guarded(async () => {
      this.warning = await call("imports.run_warning", { import: id });
      return this.warning ? null : (await call("imports.run", { import: id, confirmed: false })).id;
    });
  }

  /** The person has read the warning. */
  async confirm(): Promise<string | null> {
    const id = this.#import;
    if (!id || !this.warning || this.starting) return null;
    return this.#guarded(async () => {
      const run = await call("imports.run", { import: id, confirmed: true });
      this.warning = null;
      return run.id;
    });
  }

  dismiss(): void {
    this.warning = null;
    this.problem = null;
    this.#import = null;
  }

  async #guarded(act: () => Promise<string | null>): Promise<string | null> {
    this.starting = true;
    this.problem = null;
    try {
      return await act();
    } catch (thrown) {
      this.problem = problemOf(thrown);
      this.warning = null;
      return null;
    } finally {
      this.starting = false;
    }
  }
}
