/** JSON for reading, a line for each part. Only white space is added: numbers and texts stay as they are, byte by byte. */
export function pretty(text: string): string {
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return text.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]|\s+/g, (part, at: number) => {
    if (/^\s/.test(part)) return "";
    const next = text[at + 1];
    if (part === "{" || part === "[") {
      if (next === "}" || next === "]") return part;
      depth += 1;
      return part + line();
    }
    if (part === "}" || part === "]") {
      if (text[at - 1] === "{" || text[at - 1] === "[") return part;
      depth = Math.max(0, depth - 1);
      return line() + part;
    }
    if (part === ",") return part + line();
    return part === ":" ? ": " : part;
  });
}

export type JsonPiece = { text: string; key: boolean };

/** The exact bytes of a JSON text in pieces, with the names of its members told apart. */
export function pieces(text: string): JsonPiece[] {
  const found: JsonPiece[] = [];
  let end = 0;
  for (const match of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)) {
    if (!match[2]) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index), key: false });
    found.push({ text: match[1] ?? "", key: true });
    end = match.index + (match[1]?.length ?? 0);
  }
  if (end < text.length) found.push({ text: text.slice(end), key: false });
  return found;
}
