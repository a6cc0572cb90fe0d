const mac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The word on keys that this system holds for commands. */
export const modifier = mac ? "⌘" : "Ctrl";

/** Whether the event holds the command key and nothing else. */
export function commanded(event: KeyboardEvent): boolean {
  return (mac ? event.metaKey : event.ctrlKey) && !event.altKey && !event.shiftKey;
}

/** Whether keys typed there are text. */
export function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
