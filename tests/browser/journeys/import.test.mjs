import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Sandbox, World } from "./harness.mjs";

let sandbox;
let world;
before(async () => {
  sandbox = await Sandbox.start("--cdnow");
  world = await World.open({ sandbox });
  world.tapline("connections", "add", "--name", "cdnow", "--dataset", "shop", "--key", sandbox.key_path);
  world.tapline("accounts", "add", "--name", "Live", "--account-id", sandbox.clevertap.account_id, "--region", "india", "--passcode-file", sandbox.clevertap.passcode_path);
  // What another process saved is seen when the window is opened.
  await world.restart();
});
after(async () => {
  await world?.close();
  await sandbox?.end();
});

const button = (name) => world.page.getByRole("button", { name });

test("Configure: a table, what it costs, and a few of its rows", async () => {
  await world.go("/imports/new");
  await world.field("Nickname").fill("Customers");
  await world.page.getByLabel("Database").selectOption("cdnow");
  await world.page.getByLabel("CleverTap account").selectOption("Live");
  const table = world.page.getByRole("combobox", { name: "Table" });
  await table.fill("customers");
  await world.page.getByRole("option", { name: "customers" }).click();
  await world.page.getByText(/23,570 rows/).first().waitFor();
  await button(/Preview Results/).click();
  await world.page.getByRole("region", { name: "Rows of the preview" }).waitFor();
  await world.look("import-configure");
});

test("a statement that writes is refused by name, and the table comes back", async () => {
  await world.page.getByRole("radio", { name: "SQL" }).click();
  await world.page.getByRole("textbox", { name: "SQL" }).click();
  await world.page.keyboard.insertText("DELETE FROM shop.customers WHERE TRUE");
  await world.page.getByRole("alert").getByText(/DELETE/).first().waitFor();
  await world.look("import-sql-refused");
  await world.page.getByRole("radio", { name: "Table" }).click();
  await world.page.getByText(/23,570 rows/).first().waitFor();
});

test("Map: columns are suggested, and the identity is chosen", async () => {
  await button("Next: Map").click();
  await world.page.getByLabel("Map Identity").selectOption("customer_id");
  await world.page.getByRole("region", { name: "Mapping" }).getByText("dollars").first().waitFor();
  await world.look("import-map");
});

test("the rows are chosen: what each choice means is said, and Changed rows finds the dataset fit for it", async () => {
  const which = world.page.getByRole("region", { name: "Which rows are sent" });
  await which.getByRole("radio", { name: "All rows" }).focus();
  await world.page.keyboard.press("ArrowRight");
  await which.getByText(/Rows without Updated On are never found/).waitFor();
  await world.look("import-rows-new");
  await which.getByRole("radio", { name: "Changed rows" }).click();
  await which.getByText(/It keeps tables of its own in shop/).waitFor();
  await world.look("import-rows-changed");
});

test("Perform Dry Run shows each record beside its row, and sends nothing", async () => {
  await button("Next: Review").click();
  await button(/Perform Dry Run/).click();
  await world.page.getByRole("list", { name: "Rows and records" }).waitFor();
  await world.sees(/Nothing went to CleverTap/);
  await world.look("import-dry-run");
  assert.deepEqual(await sandbox.control("GET", "/control/records"), { profile_records: 0, event_records: 0, token_records: 0 }, "CleverTap has heard of nothing");
});

test("Run now delivers every customer, and the run page says so", async () => {
  await button("Run now").click();
  await world.button("Run again").waitFor({ timeout: 120_000 });
  await world.sees(/Health 100 ?%/);
  await world.look("run-done");
  const profiles = await sandbox.control("GET", "/control/records?kind=profiles");
  assert.equal(Object.keys(profiles).length, 23_570, "every customer is at CleverTap");
});

test("a second run finds nothing changed, and sends nothing", async () => {
  await button("Run again").click();
  await world.sees(/There was no row to send/);
  const { profile_records } = await sandbox.control("GET", "/control/records");
  assert.equal(profile_records, 23_570, "each customer travelled once");
});

test("the lists of imports and runs show what happened", async () => {
  await world.go("/imports");
  await world.page.getByRole("row", { name: /Customers/ }).waitFor();
  await world.look("imports");
  await world.go("/runs");
  await world.page.getByRole("row", { name: /Customers/ }).first().waitFor();
  await world.look("runs");
});
