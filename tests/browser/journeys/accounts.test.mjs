import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Sandbox, World } from "./harness.mjs";

let sandbox;
let world;
let passcode;
before(async () => {
  sandbox = await Sandbox.start("--no-sql");
  passcode = (await readFile(sandbox.clevertap.passcode_path, "utf8")).trim();
  world = await World.open({ sandbox });
});
after(async () => {
  await world?.close();
  await sandbox?.end();
});

test("a pasted dashboard address fills Account ID and region", async () => {
  await world.go("/accounts/new");
  await world.field("Account ID").fill(`https://in1.dashboard.clevertap.com/${sandbox.clevertap.account_id}/boards`);
  await world.field("Account name").fill("Live");
  await world.holds(world.field("Account ID"), sandbox.clevertap.account_id, "the id is taken out of the address");
  await world.isFilled(world.page.getByLabel("Region"), "and so is the region");
});

test("a wrong passcode is told from nothing else, and nothing typed is lost", async () => {
  await world.page.getByLabel("Passcode").fill("WRONG-PASSCODE");
  await world.button("Test account").click();
  await world.page.getByText("Failed:").waitFor();
  await world.sees(/region/);
  await world.look("account-failed");
  await world.holds(world.field("Account name"), "Live", "the name stays");
});

test("the right one passes, is saved, and leaves the page", async () => {
  await world.page.getByLabel("Passcode").fill(passcode);
  await world.page.keyboard.press("Control+Enter");
  await world.sees("CleverTap takes the account");
  await world.page.keyboard.press("Control+s");
  await world.page.getByRole("navigation", { name: "Accounts" }).getByText("Live").waitFor();
  await world.holds(world.page.getByLabel("Passcode"), "", "a saved passcode leaves its field");
  await world.look("accounts");
  const page = await world.everything();
  assert.ok(!page.includes(passcode), "the passcode is not in the page any more");
  assert.deepEqual(await world.traces(passcode), [], "and in no file");
});
