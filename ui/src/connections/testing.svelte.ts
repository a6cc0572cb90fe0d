import { SvelteMap } from "svelte/reactivity";
import { call, onSignal, problemOf } from "../backend";
import type { CheckReport } from "../backend/generated/CheckReport";
import { toasts } from "../kit/toasts.svelte";

/** Tests that were started from the list, by connection. */
class Testing {
  readonly reports = new SvelteMap<string, CheckReport>();

  follow(): () => void {
    return onSignal("check", (report) => {
      for (const [connection, one] of this.reports) if (one.check === report.check) this.#set(connection, report);
    });
  }

  async start(connection: string, name: string): Promise<void> {
    if (this.reports.has(connection)) return;
    try {
      this.#set(connection, await call("check.start_saved", { connection }));
    } catch (thrown) {
      toasts.say(`${name} could not be tested: ${problemOf(thrown).title}`);
    }
  }

  /** The step that is under way, from 1. */
  stepOf(report: CheckReport): number {
    const at = report.steps.findIndex((step) => step.state === "running" || step.state === "waiting");
    return at < 0 ? report.steps.length : at + 1;
  }

  #set(connection: string, report: CheckReport): void {
    if (report.verdict === "running") this.reports.set(connection, report);
    else this.reports.delete(connection);
  }
}

export const testing = new Testing();
