import { call, problemOf } from "../backend";
import type { Problem } from "../backend/generated/Problem";
import type { Proxy } from "../backend/generated/Proxy";
import type { Settings } from "../backend/generated/Settings";

export type Saved = "no" | "saving" | "yes";

/** The settings as they are typed. Each is saved when it is left; what is refused stays typed, with the reason beside it. */
export class SettingsForm {
  typed = $state<Settings | null>(null);
  problem = $state.raw<Problem | null>(null);
  saved = $state<Saved>("no");
  proxyUrl = $state("");
  days = $state("");
  #kept = "";

  get dirty(): boolean {
    return this.typed !== null && JSON.stringify(this.#asked(this.typed)) !== this.#kept;
  }

  problemAt(field: string): Problem | null {
    const at = this.problem?.facts["field"];
    return at === field || at === field.split(".").at(-1) ? this.problem : null;
  }

  /** A problem that belongs to no field of the form. */
  get loose(): Problem | null {
    const field = this.problem?.facts["field"];
    return field && ["person", "proxy", "url", "proxy.url", "ca_file", "row_values_days", "theme"].includes(field) ? null : this.problem;
  }

  async read(): Promise<void> {
    try {
      this.#take(await call("settings.read"));
      this.problem = null;
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  }

  chooseProxy(mode: Proxy["mode"]): void {
    if (!this.typed) return;
    this.typed.proxy = mode === "manual" ? { mode, url: this.proxyUrl } : { mode };
    // A proxy without an address is not saved until there is one.
    if (mode !== "manual" || this.proxyUrl.trim() !== "") void this.save();
  }

  typeProxy(url: string): void {
    this.proxyUrl = url;
    if (this.typed?.proxy.mode === "manual") this.typed.proxy.url = url;
  }

  async save(): Promise<void> {
    if (!this.typed || !this.dirty) return;
    this.saved = "saving";
    this.problem = null;
    try {
      this.#take(await call("settings.save", this.#asked(this.typed)));
      this.saved = "yes";
    } catch (thrown) {
      this.problem = problemOf(thrown);
      this.saved = "no";
    }
  }

  #asked(typed: Settings): Settings {
    const days = Number(this.days);
    return {
      ...$state.snapshot(typed),
      ca_file: typed.ca_file?.trim() ? typed.ca_file.trim() : null,
      row_values_days: this.days.trim() !== "" && Number.isInteger(days) && days >= 0 ? days : typed.row_values_days,
    };
  }

  #take(settings: Settings): void {
    this.typed = settings;
    this.days = String(settings.row_values_days);
    if (settings.proxy.mode === "manual") this.proxyUrl = settings.proxy.url;
    this.#kept = JSON.stringify(this.#asked(settings));
  }
}
