/** A choice that stays when the window is closed, such as a filter. Nothing secret, nothing of anybody's rows. */
export class Kept<T> {
  #value = $state.raw() as T;
  #name: string;

  constructor(name: string, first: T, reads: (thing: unknown) => thing is T) {
    this.#name = `tapline.${name}`;
    this.#value = first;
    try {
      const stored: unknown = JSON.parse(localStorage.getItem(this.#name) ?? "null");
      if (reads(stored)) this.#value = stored;
    } catch {
      // Unreadable: begin afresh.
    }
  }

  get value(): T {
    return this.#value;
  }

  set value(next: T) {
    this.#value = next;
    try {
      localStorage.setItem(this.#name, JSON.stringify(next));
    } catch {
      // Kept for this window alone.
    }
  }
}
