// One fault, met in the form, the ladder, the wizard, a dry run and a run, and mended by the command that each of them shows.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Sandbox, World } from "./harness.mjs";

let sandbox;
let world;
let shop;
before(async () => {
  sandbox = await Sandbox.start();
  shop = { dataset: { project: sandbox.project, dataset: "shop" } };
  world = await World.open({ sandbox });
  const columns = [{ name: "id", type: "STRING" }, { name: "email", type: "STRING" }];
  await sandbox.control("POST", "/control/google/canned", { dataset: "shop", table: "customers", columns, count: 3 });
  world.tapline("connections", "add", "--name", "shop-prod", "--dataset", "shop", "--key", sandbox.key_path);
  world.tapline("accounts", "add", "--name", "Live", "--account-id", sandbox.clevertap.account_id, "--region", "india", "--passcode-file", sandbox.clevertap.passcode_path);
  const plan = { version: 1, nickname: "People", database: "shop-prod", account: "Live", source: { table: "customers" }, records: "profiles", identity: { column: "id" }, properties: [] };
  world.tapline("imports", "add", "--plan", await world.file("plan.json", JSON.stringify(plan)));
  // It worked until now: somebody takes the right to read rows away.
  await sandbox.control("POST", "/control/google/revoke", { member: sandbox.client_email, resource: shop, privilege: "roles/bigquery.dataEditor" });
  await sandbox.control("POST", "/control/google/grant", { member: sandbox.client_email, resource: shop, privilege: "roles/bigquery.metadataViewer" });
  // What another process saved is seen when the window is opened.
  await world.restart();
});
after(async () => {
  await world?.close();
  await sandbox?.end();
});

const title = "This key may not read rows of customers";
const member = () => `serviceAccount:${sandbox.client_email}`;
const onTable = () => `bq add-iam-policy-binding --member=${member()} --role=roles/bigquery.dataViewer --table=true ${sandbox.project}:shop.customers`;
const onDataset = () => `bq query --project_id=${sandbox.project} --use_legacy_sql=false 'GRANT \`roles/bigquery.dataViewer\` ON SCHEMA \`${sandbox.project}\`.\`shop\` TO "${member()}"'`;

/** The one card in view: its words, and what Copy gives, pressed by a key. */
async function card(command) {
  await world.sees(title);
  for (const words of ["Who can fix it", "An owner of the dataset shop", "bigquery.tables.getData", "A grant can take some minutes"]) await world.sees(words);
  assert.equal(await world.copied(world.button("Copy the command").first()), command, "the command is the narrowest");
  const letter = await world.copied(world.button("Copy message for your admin").first());
  assert.ok(letter.includes(command) && letter.includes("Google's answer: 403"), `the letter says all: ${letter}`);
}

test("the form shows the right that is missing, with its command", async () => {
  await world.go("/connections/new");
  await world.heading("Add Database").waitFor();
  await world.answerDialog(sandbox.key_path);
  await world.button("Choose a file").click();
  await world.page.getByRole("group", { name: "Key accepted" }).waitFor();
  await world.field("Connection name").fill("another");
  await world.field("Dataset ID").fill("shop");
  await world.page.keyboard.press("Control+Enter");
  await world.page.getByRole("heading", { name: "One step to fix" }).waitFor();
  await card(onDataset());
  await world.look("fault-form");
});

test("by keys alone the raw answer opens, and Google's console", async () => {
  await world.page.locator("summary", { hasText: "What Google answered" }).focus();
  await world.page.keyboard.press("Enter");
  await world.page.getByRole("group", { name: "What Google answered" }).getByText(/"accessDenied"/).waitFor();
  await world.button("Open Google’s console").focus();
  await world.page.keyboard.press("Enter");
  await world.opens("https://console.cloud.google.com/bigquery?project=", "the page opens outside the window");
});

test("the wizard shows the same at the table, and asks again when it is mended", async () => {
  await world.go("/imports/new");
  await world.button("Leave and discard").click();
  await world.field("Nickname").fill("Customers");
  await world.page.getByLabel("Database").selectOption("shop-prod");
  await world.page.getByLabel("CleverTap account").selectOption("Live");
  await world.page.getByRole("combobox", { name: "Table" }).fill("customers");
  await world.page.getByRole("option", { name: "customers" }).click();
  await card(onTable());
  await world.look("fault-wizard");
});

test("a run fails with the same, and its page says so", async () => {
  await world.go("/runs");
  await world.button("Leave and discard").click();
  const { id } = (await world.call("imports.list"))[0];
  const run = await world.call("imports.run", { import: id, confirmed: true });
  await world.go(`/runs/${run.id}`);
  await card(onTable());
  await world.look("fault-run");
});

test("the ladder of the saved connection shows the same, and its one step turns green when the command was typed", async () => {
  const { id } = (await world.call("connections.list"))[0];
  await world.go(`/connections/${id}`);
  await world.holds(world.field("Connection name"), "shop-prod", "the connection is read");
  await world.page.keyboard.press("Control+Enter");
  await world.page.getByRole("heading", { name: "One step to fix" }).waitFor();
  await card(onDataset());
  await world.look("fault-ladder");
  await sandbox.control("POST", "/control/google/type", { command: onDataset() });
  const before = (await sandbox.control("GET", "/control/calls?path=/bigquery/*")).length;
  await world.button("Test this step again").focus();
  await world.page.keyboard.press("Enter");
  await world.page.getByRole("heading", { name: "The connection works" }).waitFor();
  const asked = (await sandbox.control("GET", "/control/calls?path=/bigquery/*")).slice(before).map((call) => call.path.split("/").at(-1));
  assert.deepEqual(asked.slice(0, 2), ["tables", "data"], "that step alone is asked again");
  assert.ok(!asked.includes("queries"), `no other step is: ${asked}`);
});
