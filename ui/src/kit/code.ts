// What is known of an editor of text without loading one.

export type CodeLanguage = "json" | "sql";

/** A place in the text, with what is wrong there. Offsets count UTF-16 units from 0. */
export type CodeError = { from: number; to?: number; text: string };

export type EditorOptions = {
  language: CodeLanguage;
  text: string;
  placeholder?: string;
  attributes: Record<string, string>;
  onchange: (text: string) => void;
  onblur?: () => void;
};

/** Where a line and a column (both from 1) are in the text. */
export function placeOf(text: string, line: number, column: number): number {
  const lines = text.split("\n");
  const before = lines.slice(0, Math.max(0, line - 1)).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(before + Math.max(0, column - 1), text.length);
}
