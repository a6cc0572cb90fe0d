import type { Theme } from "../backend/generated/Theme";

const kept = "tapline.theme";

/** System, light or dark. A copy is kept in the page, so that the first paint is right. */
export function wear(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(kept, theme);
  } catch {
    // A page without storage asks the engine, a moment later.
  }
}

export function wearKept(): void {
  try {
    const theme = localStorage.getItem(kept);
    if (theme === "light" || theme === "dark") wear(theme);
  } catch {
    // As above.
  }
}
