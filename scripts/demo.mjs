// Adds a connection, runs both CDNOW imports through the real engine, and holds what arrived against SQL over the source.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = new URL("..", import.meta.url).pathname;
const program = (name) => join(root, "target/debug", name);
const store = join(root, ".cache/demo/store");
const number = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 2 });
const say = (...words) => console.log(...words);

rmSync(store, { recursive: true, force: true });
mkdirSync(store, { recursive: true, mode: 0o700 });

say("Starting a sandbox: Google and CleverTap, played on this machine, with the CDNOW purchases in BigQuery.");
const sandbox = await startSandbox();
const environment = { ...process.env, TAPLINE_STORE: store, TAPLINE_ENDPOINT: sandbox.endpoint, TAPLINE_CA: sandbox.authority_pem_path };

let agree = true;
try {
  say("\n1. Add Database and Test Connection");
  tapline("connections", "add", "--name", "CDNOW", "--dataset", sandbox.dataset, "--key", sandbox.key_path);

  say("\n2. The CleverTap account");
  tapline("accounts", "add", "--name", "CDNOW shop", "--account-id", sandbox.clevertap.account_id, "--region", cliRegion(sandbox.clevertap.region), "--passcode-file", sandbox.clevertap.passcode_path);

  say("\n3. Customers become profiles");
  const profiles = run("cdnow-customers");
  say("\n4. Purchases become events");
  const events = run("cdnow-purchases");

  say("\n5. What arrived, held against SQL over the source");
  const people = Object.entries(await records("profiles"));
  const happened = (await records("events")).map((event) => JSON.parse(event.raw));
  const customers = await sql("SELECT customer_id, purchases, cds, dollars FROM shop.customers");
  const purchases = await sql("SELECT customer_id, UNIX_SECONDS(TIMESTAMP(purchased_on)), cds, dollars FROM shop.purchases");
  compare("profiles at CleverTap", people.length, customers.length);
  compare("their purchases, added up", total(people.map(([, person]) => person.Purchases)), total(column(customers, 1)));
  compare("their CDs", total(people.map(([, person]) => person.CDs)), total(column(customers, 2)));
  compare("their dollars", total(people.map(([, person]) => person.Dollars)), total(column(customers, 3)));
  compare("profiles that equal their row", alike(people.map(([id, person]) => [id, person.Purchases, person.CDs, person.Dollars]), customers), customers.length);
  compare("events at CleverTap", happened.length, purchases.length);
  compare("CDs in them", total(happened.map((event) => event.evtData.CDs)), total(column(purchases, 2)));
  compare("dollars in them", total(happened.map((event) => event.evtData.Dollars)), total(column(purchases, 3)));
  compare("events that equal their row", alike(happened.map((event) => [event.identity, event.ts, event.evtData.CDs, event.evtData.Dollars]), purchases), purchases.length);
  compare("records that the two runs call delivered", profiles.delivered + events.delivered, people.length + happened.length);

  if (process.argv.includes("--window")) {
    say("\n6. The window on this store. The demo ends when you close it.");
    spawnSync(program("tapline-desktop"), { env: environment, stdio: "inherit" });
  } else {
    say("\nThere is no display here, so no window was opened. With one, ./x demo opens it on this store.");
  }
} finally {
  await sandbox.end();
}
say(agree ? "\nEverything agrees." : "\nSomething does not agree; see above.");
process.exitCode = agree ? 0 : 1;

/** Lives until its standard input closes, which also happens when this process dies. */
async function startSandbox() {
  const child = spawn(program("tapline-sandbox"), ["--cdnow"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const line = await Promise.race([
    new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve)),
    ended.then((code) => Promise.reject(new Error(`The sandbox ended with ${code} before it was ready.`))),
  ]);
  const end = async () => {
    child.stdin.end();
    await ended;
  };
  return { ...JSON.parse(line), end };
}

/** The command as a person would type it, shown before it runs. All that it says goes one way out, so that it stays in order. */
function tapline(...words) {
  say(`   $ tapline ${words.map((word) => (/\s/.test(word) ? `'${word}'` : word)).join(" ")}`);
  const { status } = spawnSync(program("tapline"), words, { cwd: root, env: environment, stdio: ["ignore", 1, 1] });
  if (status !== 0) throw new Error(`tapline ended with ${status}.`);
}

function run(name) {
  const plan = `tests/data/${name}.plan.json`;
  const { nickname } = JSON.parse(readFileSync(join(root, plan), "utf8"));
  tapline("imports", "add", "--plan", plan);
  const started = performance.now();
  tapline("imports", "run", nickname, "--yes");
  const seconds = (performance.now() - started) / 1000;
  const shown = spawnSync(program("tapline"), ["--json", "runs", "list", "--import", nickname], { env: environment, encoding: "utf8" });
  const [latest] = JSON.parse(shown.stdout).ok;
  say(`   ${number.format(latest.counts.delivered)} delivered in ${number.format(seconds)} s`);
  return latest.counts;
}

function compare(what, here, there) {
  const same = Math.abs(here - there) < 0.005;
  agree &&= same;
  say(`   ${same ? "agrees " : "DIFFERS"}  ${what}: ${number.format(here)}${same ? "" : `, and SQL says ${number.format(there)}`}`);
}

function cliRegion(region) {
  return { in1: "india", sg1: "singapore", us1: "united-states", aps3: "indonesia", mec1: "uae" }[region] ?? "europe";
}

async function sql(query) {
  return (await control("POST", "/control/google/sql", { query })).rows;
}

function records(kind) {
  return control("GET", `/control/records?kind=${kind}`);
}

function column(rows, index) {
  return rows.map((row) => row[index]);
}

/** Added up in cents: floats do not add up. */
function total(values) {
  return values.reduce((sum, value) => sum + Math.round(Number(value) * 100), 0) / 100;
}

/** How many of these rows stand among the others too, each counted as often as it stands in both. */
function alike(these, others) {
  const name = (row) => row.map((value, index) => (index === 0 ? value : Number(value))).join(" ");
  const left = new Map();
  for (const row of others) left.set(name(row), (left.get(name(row)) ?? 0) + 1);
  let same = 0;
  for (const row of these) {
    const count = left.get(name(row)) ?? 0;
    if (count > 0) same += 1;
    left.set(name(row), count - 1);
  }
  return same;
}

function control(method, path, body) {
  const ca = readFileSync(sandbox.authority_pem_path);
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, sandbox.endpoint), { method, ca, headers: { "x-sandbox-control": sandbox.control_token, "content-type": "application/json" } }, async (answer) => {
      let text = "";
      for await (const piece of answer) text += piece;
      if (answer.statusCode === 200) resolve(JSON.parse(text));
      else reject(new Error(`${path} answers ${answer.statusCode}: ${text}`));
    });
    asked.on("error", reject);
    asked.end(body && JSON.stringify(body));
  });
}
