import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Sandbox, World } from "./harness.mjs";

let sandbox;
let world;
before(async () => {
  sandbox = await Sandbox.start();
  world = await World.open({ sandbox });
});
after(async () => {
  await world?.close();
  await sandbox?.end();
});

const box = () => world.field("What came back");
const meaning = (name) => world.page.getByRole("heading", { level: 2, name, exact: true });
const paste = (text) => world.page.keyboard.insertText(text);

const denied = `HTTP/2 403
date: Mon, 23 Nov 2026 20:30:00 GMT
content-type: application/json; charset=UTF-8

{
  "error": {
    "code": 403,
    "message": "Access Denied: Project acme-dw: User does not have bigquery.jobs.create permission in project acme-dw.",
    "errors": [{ "message": "Access Denied: Project acme-dw: User does not have bigquery.jobs.create permission in project acme-dw.", "domain": "global", "reason": "accessDenied" }],
    "status": "PERMISSION_DENIED"
  }
}`;

test("Explain an answer is reached from the palette, and waits in its box", async () => {
  await world.page.keyboard.press("Control+k");
  await world.page.getByRole("dialog", { name: "Jump to" }).waitFor();
  await world.page.keyboard.type("explain");
  await world.page.getByRole("option", { name: "Explain an answer", selected: true }).waitFor();
  await world.page.keyboard.press("Enter");
  await world.heading("Explain an answer").waitFor();
  await meaning("What it means").waitFor();
  await world.look("explain-empty");
});

test("a whole answer of curl is taken apart and explained, by keys alone", async () => {
  await box().focus();
  await paste(denied);
  await world.page.keyboard.press("Control+Enter");
  await meaning("A known problem").waitFor();
  await world.page.getByText("jobs_create_denied").waitFor();
  assert.equal(await world.field("Status").inputValue(), "403", "the status comes from the status line");
  await world.look("explain-full");
});

test("what Google answered opens whole", async () => {
  await world.page.getByText("What Google answered").click();
  await world.page.getByRole("group", { name: "What Google answered" }).getByText(/"accessDenied"/).waitFor();
  await world.look("explain-raw");
});

test("an answer that nobody knows is called unknown", async () => {
  await world.button("Clear").click();
  await meaning("What it means").waitFor();
  await paste('HTTP/2 418\n\n{"error":{"code":418,"message":"short and stout","status":"TEAPOT"}}');
  await world.page.getByRole("combobox", { name: "What was asked" }).selectOption("bigquery.datasets.get");
  await meaning("Not known").waitFor();
  await world.look("explain-unknown");
});

test("a secret in the paste reaches neither the page nor any file", async () => {
  await world.button("Clear").click();
  await meaning("What it means").waitFor();
  await paste(`> Authorization: Bearer ya29.canary-in-a-paste\n${denied}`);
  await world.sees("1 secret taken out of what you pasted.");
  await meaning("A known problem").waitFor();
  assert.ok(!(await world.everything()).includes("canary-in-a-paste"), "the page has let go of it");
  assert.deepEqual(await world.traces("canary-in-a-paste"), [], "and no file holds it");
  assert.deepEqual(await world.traces("does not have bigquery.jobs.create"), [], "what was pasted is kept nowhere");
});

test("Esc goes back to Settings", async () => {
  await world.page.keyboard.press("Escape");
  await world.heading("Settings").waitFor();
});
