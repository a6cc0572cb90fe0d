import type { Connection } from "../backend/generated/Connection";
import { Kept } from "../frame/kept.svelte";
import { anyDay, inRange, type DayRange } from "../kit/range";

type Filters = { search: string; days: DayRange; person: string };

const none: Filters = { search: "", days: anyDay, person: "" };

function isFilters(thing: unknown): thing is Filters {
  return typeof thing === "object" && thing !== null && "search" in thing && typeof thing.search === "string" && "person" in thing && typeof thing.person === "string" && "days" in thing && typeof thing.days === "object" && thing.days !== null;
}

/** Which connections the person wants to see. Kept for the next time. */
export class ConnectionFilter {
  #kept = new Kept<Filters>("connections.filter", none, isFilters);
  #all: () => readonly Connection[];

  constructor(all: () => readonly Connection[]) {
    this.#all = all;
  }

  get search(): string {
    return this.#kept.value.search;
  }
  set search(search: string) {
    this.#kept.value = { ...this.#kept.value, search };
  }

  get days(): DayRange {
    return this.#kept.value.days;
  }
  set days(days: DayRange) {
    this.#kept.value = { ...this.#kept.value, days };
  }

  get person(): string {
    return this.#kept.value.person;
  }
  set person(person: string) {
    this.#kept.value = { ...this.#kept.value, person };
  }

  /** How many filters are set besides the search. */
  get filters(): number {
    const { days, person } = this.#kept.value;
    return Number(days.from !== null || days.to !== null) + Number(person !== "");
  }

  get set(): boolean {
    return this.search.trim() !== "" || this.filters > 0;
  }

  get people(): { value: string; label: string }[] {
    const names = this.#all().map((one) => one.connected_by);
    if (this.person) names.push(this.person);
    return names
      .filter((name, at) => names.indexOf(name) === at)
      .sort((a, b) => a.localeCompare(b))
      .map((name) => ({ value: name, label: name }));
  }

  get shown(): Connection[] {
    const words = this.search.toLowerCase().split(/\s+/).filter(Boolean);
    return this.#all().filter((one) => {
      const text = [one.name, one.project_id, one.dataset_id, one.client_email, one.location ?? ""].join(" ").toLowerCase();
      return words.every((word) => text.includes(word)) && inRange(one.connected_on, this.days) && (this.person === "" || one.connected_by === this.person);
    });
  }

  clear(): void {
    this.#kept.value = none;
  }
}
