import { call, problemOf } from "../backend";
import type { KeyDrop } from "../backend/generated/KeyDrop";
import type { KeyOffer } from "../backend/generated/KeyOffer";
import type { Problem } from "../backend/generated/Problem";
import { placeOf, type CodeError } from "../kit/code";

export type Way = "file" | "paste";

/** The key on its way in: by drop, picker or paste. What is secret in it stays with the engine. */
export class KeyEntry {
  way = $state<Way>("file");
  /** A key that will do, and waits in the engine. */
  offer = $state.raw<KeyOffer | null>(null);
  problem = $state.raw<Problem | null>(null);
  pasted = $state("");
  busy = $state(false);
  /** A file hangs over the window. */
  over = $state(false);
  /** The person wants another key than the one that is there. */
  replacing = $state(false);
  #turn = 0;
  #accepted: (offer: KeyOffer) => void;

  constructor(accepted: (offer: KeyOffer) => void) {
    this.#accepted = accepted;
  }

  /** Places in the pasted text where it stops making sense. */
  get places(): CodeError[] {
    const position = /^(\d+):(\d+)$/.exec(this.problem?.facts["position"] ?? "");
    if (!position || this.way !== "paste" || this.pasted === "") return [];
    const from = placeOf(this.pasted, Number(position[1]), Number(position[2]));
    // A mark needs a character to stand under: at the end, the last one.
    const start = Math.min(from, Math.max(0, this.pasted.length - 1));
    return [{ from: start, to: start + 1, text: this.problem?.title ?? "" }];
  }

  pick(): Promise<void> {
    return this.#read(() => call("key.pick"));
  }

  readPasted(): Promise<void> {
    const text = this.pasted;
    return this.#read(() => call("key.read_text", { text }));
  }

  /** A file that a browser's own drop brought. */
  readFile(file: File): Promise<void> {
    return this.#read(async () => ({ ...(await call("key.read_text", { text: await file.text() })), file_name: file.name }));
  }

  typed(text: string): void {
    this.pasted = text;
    this.problem = null;
    if (looksWhole(text)) void this.readPasted();
  }

  /** Leaving the text reads it, so that nothing half-done stays behind. */
  leave(): void {
    if (this.pasted.trim() !== "" && !this.busy && !this.problem) void this.readPasted();
  }

  dropped(drop: KeyDrop): void {
    this.over = false;
    this.#turn++;
    this.busy = false;
    if ("offer" in drop) this.#take(drop.offer);
    else this.problem = drop.problem;
  }

  /** The waiting key was saved: it is the engine's now. */
  settled(): void {
    this.offer = null;
    this.replacing = false;
    this.problem = null;
    this.pasted = "";
  }

  /** Wipes what waits. */
  forget(): void {
    const offer = this.offer?.offer;
    this.settled();
    if (offer) void call("key.forget", { offer }).catch(() => undefined);
  }

  async #read(ask: () => Promise<KeyOffer | null>): Promise<void> {
    const turn = ++this.#turn;
    this.busy = true;
    try {
      const offer = await ask();
      if (turn !== this.#turn) {
        if (offer) void call("key.forget", { offer: offer.offer }).catch(() => undefined);
        return;
      }
      if (offer) this.#take(offer);
    } catch (thrown) {
      if (turn === this.#turn) this.problem = problemOf(thrown);
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  }

  #take(offer: KeyOffer): void {
    const before = this.offer?.offer;
    this.offer = offer;
    this.problem = null;
    this.replacing = false;
    // The text has done its work: nothing of the key stays in the page.
    this.pasted = "";
    if (before && before !== offer.offer) void call("key.forget", { offer: before }).catch(() => undefined);
    this.#accepted(offer);
  }
}

/** Whether a text is complete JSON, so that it can be read without another press. */
function looksWhole(text: string): boolean {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) return false;
  try {
    JSON.parse(trimmed);
    return true;
  } catch {
    return false;
  }
}
