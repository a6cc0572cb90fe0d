import type { Problem } from "./generated/Problem";
import { onChanged, problemOf, type Changed } from "./index";

/** Something read from the engine, and read again when the engine says that it changed. What was shown stays while it is read again. */
export class Loaded<T> {
  value = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  loading = $state(false);
  #read: () => Promise<T>;
  #turn = 0;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  async reload(): Promise<void> {
    const turn = ++this.#turn;
    this.loading = true;
    try {
      const value = await this.#read();
      if (turn !== this.#turn) return;
      this.value = value;
      this.problem = null;
    } catch (thrown) {
      if (turn === this.#turn) this.problem = problemOf(thrown);
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }

  /** Reads now, and whenever one of these lists changes. For an `$effect`: returns how to stop. */
  follow(names: readonly Changed[]): () => void {
    void this.reload();
    return onChanged(names, () => void this.reload());
  }
}
