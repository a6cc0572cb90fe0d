// Takes secrets out of what was pasted, before anything else sees it.

/** What stands in a secret's place. */
export const removed = "(taken out)";

const shapes: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // The header of a request, as `curl -v` shows it.
  /(?<=^[\s>]*(?:authorization|proxy-authorization|x-clevertap-passcode|cookie|set-cookie)\s*:\s*)\S.*$/gim,
  /(?<=-H\s*['"](?:authorization|x-clevertap-passcode)\s*:\s*)[^'"]+/gi,
  /(?<="(?:private_key|access_token|refresh_token|id_token|client_secret|assertion|passcode)"\s*:\s*")(?:[^"\\]|\\.)+/gi,
  /(?<=\b(?:access_token|refresh_token|client_secret|assertion|passcode)=)[^&\s"']+/gi,
  /\bya29\.[\w.-]+/g,
  // A signed token: three parts between dots.
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
];

/** The text without its secrets, and how many there were. */
export function withoutSecrets(text: string): { text: string; count: number } {
  let count = 0;
  const take = (found: string) => {
    if (found.startsWith(removed)) return found;
    count += 1;
    return removed;
  };
  return { text: shapes.reduce((rest, shape) => rest.replace(shape, take), text), count };
}
