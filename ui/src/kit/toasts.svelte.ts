type Toast = { id: number; text: string; undo: (() => void) | null };

const stays = 6000;
let next = 1;

class Toasts {
  shown = $state<Toast[]>([]);
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(text: string, undo: (() => void) | null = null): void {
    const toast = { id: next++, text, undo };
    this.shown = [...this.shown.slice(-2), toast];
    this.resume(toast.id);
  }

  /** A toast under the pointer or with the focus stays. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  resume(id: number): void {
    this.hold(id);
    this.#timers.set(id, setTimeout(() => this.drop(id), stays));
  }

  drop(id: number): void {
    this.hold(id);
    this.#timers.delete(id);
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  undo(toast: Toast): void {
    this.drop(toast.id);
    toast.undo?.();
  }

  /** Undoes the newest thing that can be undone. */
  undoLast(): boolean {
    const toast = this.shown.findLast((one) => one.undo);
    if (toast) this.undo(toast);
    return Boolean(toast);
  }
}

export const toasts = new Toasts();
