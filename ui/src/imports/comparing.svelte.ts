import { call, problemOf } from "../backend";
import type { Problem } from "../backend/generated/Problem";
import type { Source } from "../backend/generated/Source";
import { sourceText } from "./plan";

/** Whether Changed rows can be had from a source: asked as soon as it is chosen, so that nothing is saved in vain. */
export class Comparing {
  problem = $state.raw<Problem | null>(null);
  asking = $state(false);

  #about = "";

  async look(connection: string | null, source: Source): Promise<void> {
    const about = JSON.stringify([connection, source]);
    if (about === this.#about) return;
    this.forget();
    if (!connection || sourceText(source).trim() === "") return;
    await this.ask(connection, source);
  }

  /** Asks, or asks again after something was mended. */
  async ask(connection: string, source: Source): Promise<void> {
    const about = JSON.stringify([connection, source]);
    this.#about = about;
    this.asking = true;
    try {
      const problem = await call("imports.can_compare", { connection, source });
      if (about === this.#about) this.problem = problem;
    } catch (thrown) {
      if (about === this.#about) this.problem = problemOf(thrown);
    } finally {
      if (about === this.#about) this.asking = false;
    }
  }

  forget(): void {
    this.#about = "";
    this.problem = null;
    this.asking = false;
  }
}
