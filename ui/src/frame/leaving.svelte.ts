export type Work = {
  dirty: () => boolean;
  /** What would be lost, such as "the database you were adding". */
  what: string;
};

/** Keeps unsaved work from being left by accident. */
class Leaving {
  /** What the person is asked about, while they are asked. */
  asked = $state<{ what: string; go: () => void } | null>(null);
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
    this.asked = { what: this.#work.what, go };
    return false;
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
