// Takes apart what somebody pasted: the output of `curl -i`, a log line, a body alone.

/** What was found in a paste. `null` where it does not say. */
export type Parts = {
  /** One of the calls that Tapline makes, where the paste names an address or its shape tells. */
  call: string | null;
  status: number | null;
  headers: string[];
  body: string;
  /** The address that was asked, where it is named: it says which project and dataset were meant. */
  request: string | null;
};

const statusLine = /^\s*<?\s*HTTP\/\d(?:\.\d)?\s+(\d{3})\b/;
const header = /^\s*<?\s*([A-Za-z][A-Za-z0-9-]*):\s?(.*)$/;

export function takeApart(pasted: string): Parts {
  const text = pasted.replaceAll("\r\n", "\n");
  const { head, body } = answerIn(text);
  return {
    status: head.status ?? statusIn(text),
    headers: head.headers,
    call: callOf(text, body),
    body: bodyIn(body),
    request: /(?:https?:\/|\B)\/[^\s"'<>=]*?\b(?:projects|1\/upload)\b[^\s"'<>]*/.exec(text)?.[0] ?? null,
  };
}

type Head = { status: number | null; headers: string[] };

/** The last answer in the text: `curl -i` shows a proxy's and a redirect's before it, `curl -v` what was asked. */
function answerIn(text: string): { head: Head; body: string } {
  const lines = text.split("\n");
  const start = lines.findLastIndex((line) => statusLine.test(line));
  if (start < 0) return { head: { status: null, headers: [] }, body: text };
  const headers: string[] = [];
  let at = start + 1;
  for (; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const found = header.exec(line);
    if (!found) break;
    headers.push(`${found[1] ?? ""}: ${(found[2] ?? "").trim()}`);
  }
  const body = lines.slice(at).filter((line) => !/^\s*[<>*}{]?\s*$/.test(line) || /^\s*[}{]\s*$/.test(line));
  return { head: { status: Number(statusLine.exec(lines[start] ?? "")?.[1]), headers }, body: body.join("\n").trim() };
}

/** The status where there is no status line: a log's `status=403`, a client's `403 POST https://…`, Google's own body. */
function statusIn(text: string): number | null {
  const shapes = [
    /\b(?:http[ _-]?)?status(?:[ _-]?code)?["']?\s*[:=]\s*["']?([1-5]\d{2})\b/i,
    /\b([1-5]\d{2})\s+(?:GET|POST|PUT|PATCH|DELETE)\s+https?:/,
    /\bHTTP(?:\s+Error)?\s+([1-5]\d{2})\b/i,
    /"error"\s*:\s*\{[^{}]*?"code"\s*:\s*([1-5]\d{2})\b/,
  ];
  for (const shape of shapes) {
    const found = shape.exec(text)?.[1];
    if (found) return Number(found);
  }
  return null;
}

/** The JSON in the text where there is one, with the words around it left out. */
function bodyIn(text: string): string {
  const start = text.search(/[{[]/);
  const end = Math.max(text.lastIndexOf("}"), text.lastIndexOf("]"));
  if (start >= 0 && end > start) {
    const inner = text.slice(start, end + 1);
    if (isJson(inner)) return inner;
  }
  return text.trim();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Which call an address belongs to, the narrower first. */
const addresses: readonly [RegExp, string][] = [
  [/oauth2\.googleapis\.com\/token|\/oauth2\/v4\/token/, "token"],
  [/cloudresourcemanager[^\s"']*:testIamPermissions/, "crm.testIamPermissions"],
  [/cloudresourcemanager\.googleapis\.com/, "crm.projects.get"],
  [/iam\.googleapis\.com[^\s"']*\/keys/, "iam.keys.create"],
  [/serviceusage\.googleapis\.com[^\s"']*:enable/, "serviceusage.enable"],
  [/\/tables\/[^/\s"']+\/data\b/, "bigquery.tabledata.list"],
  [/\/datasets\/[^/\s"']+\/tables\b/, "bigquery.tables.list"],
  [/\/bigquery\/v2\/projects\/[^/\s"']+\/datasets\b/, "bigquery.datasets.get"],
  [/\/bigquery\/v2\/projects\/[^/\s"']+\/queries\/[^\s"']/, "bigquery.getQueryResults"],
  [/\/bigquery\/v2\/projects\/[^/\s"']+\/(?:jobs|queries)\b/, "bigquery.jobs.insert"],
  [/clevertap\.com\/1\/upload/, "clevertap.upload"],
];

/** Which call a body belongs to by its shape alone. */
const shapes: readonly [RegExp, string][] = [
  [/"error"\s*:\s*"[a-z_]+"[\s\S]*"error_description"/, "token"],
  [/"unprocessed"\s*:|"status"\s*:\s*"(?:fail|partial|success)"/, "clevertap.upload"],
  [/bigquery\.jobs\.create|"(?:invalidQuery|bytesBilledLimitExceeded|resourcesExceeded)"|"errorResult"/, "bigquery.jobs.insert"],
  [/bigquery\.datasets\.get\b|Not found: Dataset/, "bigquery.datasets.get"],
  [/bigquery\.tables\.list\b/, "bigquery.tables.list"],
  [/bigquery\.tables\.getData\b/, "bigquery.tabledata.list"],
  [/curl: \(\d+\)|Could not resolve host|ECONNREFUSED|certificate/i, "network"],
];

function callOf(text: string, body: string): string | null {
  return (addresses.find(([shape]) => shape.test(text)) ?? shapes.find(([shape]) => shape.test(body)))?.[1] ?? null;
}
