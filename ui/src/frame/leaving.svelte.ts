export type Work = {
  dirty: () => boolean;
  /** What would be lost, such as "the database you were adding". */
  what: string;
  /** Another way out: keeps the work and tells whether that went well. */
  keep?: { label: string; save: () => Promise<boolean> };
};

/** Keeps unsaved work from being left by accident. */
class Leaving {
  /** What the person is asked about, while they are asked. */
  asked = $state.raw<{ what: string; keep?: Work["keep"]; go: () => void } | null>(null);
  keeping = $state(false);
  #work: Work | null = null;

  constructor() {
    window.addEventListener("beforeunload", (event) => {
      if (this.#work?.dirty()) event.preventDefault();
    });
  }

  /** Watches a screen's work. For an `$effect`: returns how to stop. */
  watch(work: Work): () => void {
    this.#work = work;
    return () => {
      if (this.#work === work) this.#work = null;
    };
  }

  /** Whether nothing stands in the way. Otherwise the person is asked, and `go` follows if they say so. */
  mayGo(go: () => void): boolean {
    if (!this.#work?.dirty()) return true;
    this.asked = { what: this.#work.what, keep: this.#work.keep, go };
    return false;
  }

  /** Saves first. Where that fails, the person stays with the screen that says why. */
  async keep(): Promise<void> {
    const save = this.asked?.keep?.save;
    if (!save || this.keeping) return;
    this.keeping = true;
    const saved = await save().finally(() => (this.keeping = false));
    if (saved) this.leave();
    else this.stay();
  }

  stay(): void {
    this.asked = null;
  }

  leave(): void {
    const asked = this.asked;
    this.asked = null;
    this.#work = null;
    asked?.go();
  }
}

export const leaving = new Leaving();
