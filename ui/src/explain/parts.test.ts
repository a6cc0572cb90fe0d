import { describe, expect, it } from "vitest";
import { takeApart } from "./parts";
import { removed, withoutSecrets } from "./secrets";

const body = '{\n  "error": {\n    "code": 404,\n    "message": "Not found: Dataset acme-dw:salse",\n    "errors": [{ "reason": "notFound" }]\n  }\n}';

describe("a paste", () => {
  it("of curl -i splits into status, headers and body", () => {
    const parts = takeApart(`HTTP/2 404 \r\ndate: Mon, 23 Nov 2026 10:00:00 GMT\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${body}`);
    expect(parts).toEqual({ call: "bigquery.datasets.get", status: 404, headers: ["date: Mon, 23 Nov 2026 10:00:00 GMT", "content-type: application/json; charset=UTF-8"], body, request: null });
  });

  it("of curl -i through a proxy keeps the answer and not the proxy's", () => {
    const parts = takeApart(`HTTP/1.1 200 Connection established\n\nHTTP/2 404\ndate: now\n\n${body}`);
    expect([parts.status, parts.headers, parts.body]).toEqual([404, ["date: now"], body]);
  });

  it("of curl -v reads what came back, and from the address which call it was", () => {
    const parts = takeApart(`> GET /bigquery/v2/projects/acme-dw/datasets/salse HTTP/2\n> Host: bigquery.googleapis.com\n> \n< HTTP/2 404\n< date: now\n< \n${body}\n* Connection #0 left intact`);
    expect(parts).toEqual({ call: "bigquery.datasets.get", status: 404, headers: ["date: now"], body, request: "/bigquery/v2/projects/acme-dw/datasets/salse" });
  });

  it("of a body alone finds the status that Google writes into it", () => {
    expect(takeApart(body)).toEqual({ call: "bigquery.datasets.get", status: 404, headers: [], body, request: null });
  });

  it("of a log line finds the status, the call and the JSON", () => {
    const parts = takeApart('2026-11-23T10:00:00Z ERROR upload failed status=401 url=https://eu1.api.clevertap.com/1/upload body={"status":"fail","error":"Invalid Credentials"}');
    expect(parts).toEqual({ call: "clevertap.upload", status: 401, headers: [], body: '{"status":"fail","error":"Invalid Credentials"}', request: "https://eu1.api.clevertap.com/1/upload" });
  });

  it("of a client's exception finds status and call, and leaves its words as they are", () => {
    const said = "google.api_core.exceptions.Forbidden: 403 POST https://bigquery.googleapis.com/bigquery/v2/projects/acme-dw/jobs?prettyPrint=false: Access Denied: Project acme-dw: User does not have bigquery.jobs.create permission in project acme-dw.";
    expect(takeApart(said)).toEqual({ call: "bigquery.jobs.insert", status: 403, headers: [], body: said, request: "https://bigquery.googleapis.com/bigquery/v2/projects/acme-dw/jobs?prettyPrint=false:" });
  });

  it.each([
    ["https://oauth2.googleapis.com/token", "token"],
    ["https://cloudresourcemanager.googleapis.com/v1/projects/p:testIamPermissions", "crm.testIamPermissions"],
    ["https://cloudresourcemanager.googleapis.com/v1/projects/p", "crm.projects.get"],
    ["https://iam.googleapis.com/v1/projects/-/serviceAccounts/a@b/keys", "iam.keys.create"],
    ["https://serviceusage.googleapis.com/v1/projects/p/services/bigquery.googleapis.com:enable", "serviceusage.enable"],
    ["https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets/d", "bigquery.datasets.get"],
    ["https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets/d/tables?maxResults=50", "bigquery.tables.list"],
    ["https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets/d/tables/t/data", "bigquery.tabledata.list"],
    ["https://bigquery.googleapis.com/bigquery/v2/projects/p/queries/job_1?location=EU", "bigquery.getQueryResults"],
    ["https://bigquery.googleapis.com/bigquery/v2/projects/p/jobs", "bigquery.jobs.insert"],
    ["https://in1.api.clevertap.com/1/upload", "clevertap.upload"],
  ])("with %s belongs to %s", (address, call) => {
    expect(takeApart(`GET ${address} answered 500`).call).toBe(call);
  });

  it("that says nothing stays whole", () => {
    expect(takeApart("  it does not work  ")).toEqual({ call: null, status: null, headers: [], body: "it does not work", request: null });
    expect(takeApart("")).toEqual({ call: null, status: null, headers: [], body: "", request: null });
  });
});

describe("secrets in a paste", () => {
  it.each([
    ["a token of curl -v", "> Authorization: Bearer ya29.secret-part\n> Accept: */*", "ya29.secret-part"],
    ["a command's header", "curl -H 'Authorization: Bearer abcsecret' https://x", "abcsecret"],
    ["a passcode", "> X-CleverTap-Passcode: ABC-SECRET-1", "ABC-SECRET-1"],
    ["a private key", '{"private_key": "-----BEGIN PRIVATE KEY-----\\nSECRETBYTES\\n-----END PRIVATE KEY-----\\n"}', "SECRETBYTES"],
    ["a token's answer", '{"access_token": "opaque-secret", "expires_in": 3599}', "opaque-secret"],
    ["an assertion", "grant_type=x&assertion=eyJhbGciOi.eyJpc3MiOiJ.c2lnbmF0dXJl", "eyJpc3MiOiJ"],
  ])("are taken out: %s", (_, pasted, secret) => {
    const { text, count } = withoutSecrets(pasted);
    expect(text).not.toContain(secret);
    expect(text).toContain(removed);
    expect(count).toBeGreaterThan(0);
  });

  it("are not seen where there are none", () => {
    expect(withoutSecrets(body)).toEqual({ text: body, count: 0 });
    const once = withoutSecrets("> Authorization: Bearer x").text;
    expect(withoutSecrets(once).text, "what was taken out stays so").toBe(once);
  });
});
