import { leaving } from "./leaving.svelte";

/** Where the window is: the hash, taken apart. `#/imports/new?connection=c1` */
class Place {
  path = $state("/");
  query = $state.raw(new URLSearchParams());
  #held = "";

  constructor() {
    this.#read();
    window.addEventListener("hashchange", () => this.#moved());
  }

  /** Goes there, unless the screen holds unsaved work; then the person is asked first. */
  go(to: string): void {
    if (leaving.mayGo(() => this.#set(to))) this.#set(to);
  }

  /** Goes there without a new entry in the history and without asking: the screen saved its work. */
  replace(to: string): void {
    history.replaceState(null, "", `#${to}`);
    this.#read();
  }

  #set(to: string): void {
    this.#held = `#${to}`;
    location.hash = to;
    this.#read();
  }

  #moved(): void {
    if (location.hash === this.#held) return;
    const wanted = location.hash.slice(1);
    if (leaving.mayGo(() => this.#set(wanted))) {
      this.#read();
      return;
    }
    // The person pressed a link or Back over unsaved work: stay until they have answered.
    history.replaceState(null, "", this.#held || "#/");
  }

  #read(): void {
    const [path = "", query = ""] = location.hash.slice(1).split("?", 2);
    this.#held = location.hash;
    this.path = path || "/";
    this.query = new URLSearchParams(query);
  }
}

export const place = new Place();
