import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { World } from "./harness.mjs";

let world;
before(async () => {
  world = await World.open();
});
after(() => world?.close());

const screens = { Connections: "Import Connections", Accounts: "Accounts", Imports: "Import Center", Runs: "Runs", Settings: "Settings" };
for (const [screen, title] of Object.entries(screens)) {
  test(`${screen} can be reached, read and used before anything has been added`, async () => {
    await world.page.getByRole("link", { name: screen }).first().click();
    await world.heading(title).waitFor();
    assert.match(await world.page.title(), /Tapline/, "the window says whose it is");
    await world.look(`empty-${screen.toLowerCase()}`);
  });
}

test("the command palette opens from the keyboard and leads to a screen", async () => {
  await world.page.keyboard.press("Control+k");
  await world.page.getByRole("dialog", { name: "Jump to" }).waitFor();
  await world.look("palette");
  await world.page.keyboard.type("runs");
  await world.page.getByRole("option", { name: "Runs", selected: true }).waitFor();
  await world.page.keyboard.press("Enter");
  await world.heading("Runs").waitFor();
});

test("a page without a token reaches no engine", async () => {
  const bare = new URL(world.url);
  bare.search = "";
  const answer = await fetch(bare);
  assert.equal(answer.status, 403, "the start page asks for the token");
  const call = await fetch(new URL("/call", bare), { method: "POST", body: JSON.stringify({ name: "about", args: null }) });
  assert.equal(call.status, 403, "and so does the door");
});
