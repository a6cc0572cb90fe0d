import { commanded, typing } from "../kit/keys";
import { toasts } from "../kit/toasts.svelte";

/** What the keys do on one screen. */
export type ScreenKeys = {
  /** Ctrl N */
  add?: () => void;
  /** Ctrl Enter */
  test?: () => void;
  /** Ctrl S */
  save?: () => void;
  /** Ctrl P */
  pause?: () => void;
  /** Ctrl . */
  stop?: () => void;
  /** Esc, where nothing else took it. Never discards. */
  close?: () => void;
};

const screens: ScreenKeys[] = [];

/** Gives the keys to a screen while it is shown. For an `$effect`: returns how to stop. */
export function screenKeys(keys: ScreenKeys): () => void {
  screens.push(keys);
  return () => {
    const at = screens.indexOf(keys);
    if (at >= 0) screens.splice(at, 1);
  };
}

class Palette {
  open = $state(false);
}
export const palette = new Palette();

const actionOf: Record<string, keyof ScreenKeys> = { n: "add", Enter: "test", s: "save", p: "pause", ".": "stop" };

/** Listens to the whole window. Returns how to stop. */
export function listenToKeys(otherwise: ScreenKeys): () => void {
  // Command keys are ours before any field's; plain keys only where nothing else took them.
  const first = (event: KeyboardEvent) => {
    if (commanded(event)) command(event, otherwise);
  };
  const last = (event: KeyboardEvent) => {
    if (!event.defaultPrevented && !event.altKey && !event.ctrlKey && !event.metaKey) plain(event);
  };
  window.addEventListener("keydown", first, { capture: true });
  window.addEventListener("keydown", last);
  return () => {
    window.removeEventListener("keydown", first, { capture: true });
    window.removeEventListener("keydown", last);
  };
}

function command(event: KeyboardEvent, otherwise: ScreenKeys): void {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "k") {
    event.preventDefault();
    palette.open = !palette.open;
    return;
  }
  if (modal()) return;
  if (key === "z" && !typing(event.target) && toasts.undoLast()) {
    event.preventDefault();
    return;
  }
  const action = actionOf[key];
  if (!action) return;
  const run = screens.findLast((screen) => screen[action])?.[action] ?? otherwise[action];
  if (!run) return;
  event.preventDefault();
  run();
}

function plain(event: KeyboardEvent): void {
  if (modal()) return;
  if (event.key === "/" && !typing(event.target)) {
    const search = document.querySelector<HTMLElement>("main [data-filter]");
    if (!search) return;
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape") {
    screens.findLast((screen) => screen.close)?.close?.();
  }
}

/** Whether a dialog or a menu has the keys. */
function modal(): boolean {
  return document.querySelector(":is([role='dialog'], [role='alertdialog'], [role='menu'], [role='listbox'])[data-state='open']") !== null;
}
