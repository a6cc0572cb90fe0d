import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { Sandbox, World } from "./harness.mjs";

let sandbox;
let world;

/** Lets some calls to CleverTap through, and holds the others until the gate is opened. */
async function holdAfter(calls) {
  const { gate } = await sandbox.control("POST", "/control/hold", { matcher: { path: "/clevertap/*", skip: calls } });
  return { open: () => sandbox.control("POST", `/control/gates/${gate}/open`, {}) };
}
const sent = async () => (await sandbox.control("GET", "/control/records")).event_records;

before(async () => {
  sandbox = await Sandbox.start("--cdnow");
  world = await World.open({ sandbox });
  world.tapline("connections", "add", "--name", "cdnow", "--dataset", "shop", "--key", sandbox.key_path);
  world.tapline("accounts", "add", "--name", "Live", "--account-id", sandbox.clevertap.account_id, "--region", "india", "--passcode-file", sandbox.clevertap.passcode_path);
  const plan = {
    version: 1, nickname: "Purchases", database: "cdnow", account: "Live", source: { table: "purchases" },
    records: { events: { name: { specific: "CD Purchased" }, created_on: { column: "purchased_on" }, in_doubt: "ask" } },
    identity: { column: "customer_id" }, properties: [{ column: "cds", name: "CDs", type: "integer" }],
  };
  world.tapline("imports", "add", "--plan", await world.file("purchases.json", JSON.stringify(plan)));
  await world.restart();
});
after(async () => {
  await world?.close();
  await sandbox?.end();
});

const button = (name) => world.page.getByRole("button", { name });
const note = () => world.page.getByRole("note");

test("a run is paused from its page, and says what Resume does", async () => {
  const gate = await holdAfter(10);
  await world.go("/imports");
  await button("Run Purchases").click();
  await button(/^Send .* events$/).click();
  await world.sees(/^10,000 of 69,659 rows settled, 14%/);
  await world.look("run-live");
  await button(/^Pause/).click();
  await button("Pausing").waitFor();
  await world.look("run-pausing");
  await gate.open();
  await note().getByText("Paused", { exact: true }).waitFor();
  await note().getByText(/rows are left to be sent/).waitFor();
  await note().getByText(/costs nothing/).waitFor();
  await world.look("run-paused");
  const before = await sent();
  assert.ok(before > 0 && before < 69_659, `some were sent, and not all: ${before}`);
});

test("its import waits as Paused, and leads back to it", async () => {
  await world.go("/imports");
  const row = world.page.getByRole("row", { name: /Purchases/ });
  await row.getByText("Paused").waitFor();
  await world.look("imports-paused");
  await row.getByRole("link", { name: "Resume Purchases" }).click();
  await world.heading("Purchases").waitFor();
});

test("a window that was closed and opened again finds it, and it goes on to its end", async () => {
  await world.restart();
  await world.go("/runs");
  await world.page.getByRole("row", { name: /Purchases/ }).getByText("Paused").waitFor();
  await world.look("runs-paused");
  await world.page.getByRole("link", { name: "Purchases" }).first().click();
  await button(/^Resume/).click();
  await world.sees("All 69,659 rows arrived.");
  assert.equal(await sent(), 69_659, "every purchase is there, and none twice");
});

test("events in doubt are somebody's to decide about", async () => {
  await sandbox.control("POST", "/control/fault", { matcher: { path: "/clevertap/*", times: 1 }, fault: "cut_answer" });
  await button("Run again").click();
  await button(/^Send .* events$/).click();
  const question = world.page.getByRole("group", { name: /What becomes of the 1,000 events in doubt/ });
  await question.waitFor();
  await world.look("run-in-doubt");
  await question.getByRole("button", { name: "Send again" }).click();
  await world.page.getByRole("alertdialog").getByText(/there twice/).waitFor();
  await world.look("run-in-doubt-resend");
  await button("Not now").click();
  await question.getByRole("button", { name: "Leave them" }).click();
  await question.waitFor({ state: "detached" });
  await world.sees("1,000 in doubt");
});

test("a run that a terminal carries out is seen live, and stopped from here", async () => {
  const gate = await holdAfter(10);
  const terminal = spawn(world.program("tapline"), ["--json", "imports", "run", "Purchases", "--yes"], { env: { ...process.env, ...world.environment }, stdio: "ignore" });
  const ended = new Promise((resolve) => terminal.once("exit", resolve));
  await world.go("/imports");
  await world.page.getByRole("link", { name: /^Running, 14%/ }).click();
  await world.sees(/^10,000 of 69,659 rows settled/);
  await button(/^Stop run/).click();
  await button("Stopping").waitFor();
  await gate.open();
  await note().getByText("Stopped", { exact: true }).waitFor();
  assert.equal(await ended, 130, "the terminal heard of it");
});

test("its import is stopped for good from the run's page, after one question", async () => {
  await button("More for Purchases").click();
  await world.page.getByRole("menuitem", { name: /Stop import/ }).click();
  await world.look("run-stop-import");
  await world.page.getByRole("alertdialog").getByRole("button", { name: "Stop import" }).click();
  await button(/^Resume$/).waitFor({ state: "detached" });
  await world.go("/imports");
  await world.page.getByRole("row", { name: /Purchases/ }).getByText("Stopped").waitFor();
});
