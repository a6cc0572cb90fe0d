import { call, problemOf } from "../backend";
import type { DeletePlan } from "../backend/generated/DeletePlan";
import type { Problem } from "../backend/generated/Problem";
import { many } from "../kit/say";
import { toasts } from "../kit/toasts.svelte";

/** Deleting a connection: first the imports in the way are stopped, then the person is asked once more. */
class Deleting {
  plan = $state.raw<DeletePlan | null>(null);
  problem = $state.raw<Problem | null>(null);
  busy = $state(false);
  /** Imports were stopped a moment ago: the next question says so. */
  stopped = $state(0);
  #after: () => void = () => undefined;

  get open(): boolean {
    return this.plan !== null || this.problem !== null;
  }

  async begin(connection: string, after: () => void = () => undefined): Promise<void> {
    this.#after = after;
    this.stopped = 0;
    await this.#do(async () => {
      this.plan = await call("connections.delete_plan", { connection });
    });
  }

  async stopImports(): Promise<void> {
    const plan = this.plan;
    if (!plan) return;
    await this.#do(async () => {
      this.plan = await call("connections.stop_imports", { connection: plan.connection.id });
      this.stopped = plan.blocking.length;
    });
  }

  async delete(): Promise<void> {
    const plan = this.plan;
    if (!plan) return;
    const gone = await this.#do(() => call("connections.delete", { connection: plan.connection.id }));
    if (!gone) return;
    const after = this.#after;
    this.close();
    toasts.say(`${plan.connection.name} is deleted, and its key with it`);
    after();
  }

  close(): void {
    if (this.stopped > 0 && this.plan) toasts.say(`${many(this.stopped, "import")} stopped. ${this.plan.connection.name} is still here`);
    this.plan = null;
    this.problem = null;
    this.stopped = 0;
    this.#after = () => undefined;
  }

  async #do(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await work();
      return true;
    } catch (thrown) {
      this.problem = problemOf(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }
}

export const deleting = new Deleting();
