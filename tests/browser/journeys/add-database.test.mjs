import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
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

test("the sandbox's banner says that nothing real is reached", async () => {
  await world.sees(/sandbox/i);
});

test("the empty list leads to the form, and the key comes first", async () => {
  await world.link("Add Database").click();
  await world.heading("Add Database").waitFor();
  await world.look("add-database");
});

test("a file that is no key is named for what it is, and nothing typed is lost", async () => {
  await world.field("Dataset ID").fill("shop");
  await world.drop(await world.file("login.json", JSON.stringify({ type: "authorized_user", client_id: "c", client_secret: "s", refresh_token: "r" })));
  await world.button("Choose another file").waitFor();
  await world.look("add-database-bad-key");
  await world.holds(world.field("Dataset ID"), "shop", "the dataset stays");
});

test("a closed picker changes nothing, a chosen key fills the project", async () => {
  await world.answerDialog(null);
  await world.button("Choose another file").click();
  await world.answerDialog(sandbox.key_path);
  await world.button("Choose another file").click();
  await world.page.getByRole("group", { name: "Key accepted" }).waitFor();
  await world.holds(world.field("Project ID"), sandbox.project, "the project comes from the key");
});

test("a dataset that is not there fails its own step, with who can mend it", async () => {
  await world.field("Connection name").fill("shop-prod");
  await world.field("Dataset ID").fill("shopp");
  await world.button("Test Connection").click();
  await world.page.getByRole("heading", { name: /to fix/ }).waitFor();
  await world.sees("Who can fix it");
  await world.look("add-database-failed");
});

test("with the right dataset every step passes, and a table shows its rows", async () => {
  await world.field("Dataset ID").fill("shop");
  await world.page.keyboard.press("Control+Enter");
  await world.page.getByRole("heading", { name: "The connection works" }).waitFor();
  await world.look("add-database-passed");
});

test("Save keeps it, and Create Import is the next step", async () => {
  await world.page.keyboard.press("Control+s");
  await world.link("Create Import").waitFor();
  await world.look("connection-saved");
});

test("after Save neither the page nor the store nor the log holds the key", async () => {
  const key = JSON.parse(await readFile(sandbox.key_path, "utf8"));
  const piece = key.private_key.split("\n")[3];
  const page = await world.everything();
  assert.ok(!page.includes(piece), "the page never held it");
  assert.deepEqual(await world.traces(piece), [], "and no file holds it");
});

test("the list shows the connection, also after a restart", async () => {
  await world.restart();
  await world.page.getByRole("row", { name: /shop-prod/ }).waitFor();
  await world.look("connections");
});

test("deleting says what goes, asks once more, and empties the list", async () => {
  await world.page.getByRole("row", { name: /shop-prod/ }).focus();
  await world.page.keyboard.press("Delete");
  await world.page.getByRole("alertdialog", { name: /Delete shop-prod/ }).waitFor();
  await world.look("delete-connection");
  await world.button("Delete connection").click();
  await world.sees("Connect your first dataset");
});
