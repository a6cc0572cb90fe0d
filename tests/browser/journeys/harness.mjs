// One journey's world: a sandbox, the real engine behind the headless host, and Chromium on the real UI.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = new URL("../../../", import.meta.url).pathname;
const ui = createRequire(join(root, "ui/package.json"));
const { chromium } = ui("playwright-core");
const axe = await readFile(ui.resolve("axe-core/axe.min.js"), "utf8");
const shots = join(root, "tests/browser/shots");
const program = (name) => join(root, process.env.TAPLINE_TARGET ?? "target/debug", name);

/** How long anything may take to show, in milliseconds: also on a machine that does much else. Nobody waits longer than it takes. */
const patience = 60_000;

/** The narrowest window, the usual one, and a wide one. */
const widths = [720, 1100, 1600];

/** Starts a program that says one line of JSON when it is ready, and lives until its input ends. */
async function start(name, args, env) {
  const child = spawn(program(name), args, { cwd: root, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout });
  const said = await Promise.race([
    new Promise((resolve) => lines.once("line", resolve)),
    ended.then((code) => Promise.reject(new Error(`${name} ended with ${code} before it was ready`))),
  ]);
  return {
    ...JSON.parse(said),
    async end() {
      child.stdin.end();
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** Reads again and again until it is what was wanted. What shows on the screen comes from the engine, and comes later. */
async function settles(read, wanted, why) {
  const until = Date.now() + patience;
  for (;;) {
    const found = await read();
    if (found === wanted) return;
    if (Date.now() > until) assert.equal(found, wanted, why);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Google and CleverTap on loopback. */
export class Sandbox {
  static async start(...args) {
    return Object.assign(new Sandbox(), await start("tapline-sandbox", args, {}));
  }

  /** Pulls a lever of the sandbox. */
  async control(method, path, body) {
    const ca = await readFile(this.authority_pem_path);
    return new Promise((resolve, reject) => {
      const asked = request(new URL(path, this.endpoint), { method, ca, headers: { "x-sandbox-control": this.control_token } }, async (answer) => {
        let text = "";
        for await (const piece of answer) text += piece;
        if (answer.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`${path} answers ${answer.statusCode}: ${text}`));
      });
      asked.on("error", reject);
      asked.end(body && JSON.stringify(body));
    });
  }

  get environment() {
    return { TAPLINE_ENDPOINT: this.endpoint, TAPLINE_CA: this.authority_pem_path };
  }
}

/** The app in a browser. */
export class World {
  #endings = [];
  #broken = [];

  static async open({ sandbox } = {}) {
    const world = new World();
    world.folder = await mkdtemp(join(tmpdir(), "journey-"));
    world.#endings.push(() => rm(world.folder, { recursive: true, force: true }));
    for (const part of ["home", "store"]) await mkdir(join(world.folder, part));
    world.environment = { HOME: join(world.folder, "home"), TAPLINE_STORE: join(world.folder, "store"), ...sandbox?.environment };
    await world.startApp();
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
      env: { ...process.env, HOME: world.environment.HOME },
    });
    world.#endings.push(() => browser.close());
    world.context = await browser.newContext({ viewport: { width: 1100, height: 760 }, locale: "en-GB", reducedMotion: "reduce" });
    await world.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await world.context.route("**/*", (route) => {
      const url = new URL(route.request().url());
      if (url.hostname === "127.0.0.1" || url.protocol === "data:" || url.protocol === "blob:") return route.continue();
      world.#broken.push(`the page asked for ${url}`);
      return route.abort();
    });
    world.page = await world.context.newPage();
    world.page.setDefaultTimeout(patience);
    world.page.on("pageerror", (error) => world.#broken.push(`the page threw ${error}`));
    world.page.on("console", (message) => {
      if (message.type() === "error") world.#broken.push(`the console says: ${message.text()}`);
    });
    await world.page.goto(world.url);
    return world;
  }

  async startApp() {
    const app = await start("tapline-headless", [join(root, "ui/dist")], this.environment);
    this.url = app.url;
    this.endApp = () => app.end();
  }

  /** Ends the engine and starts it again on the same store, as a person who quits and comes back. */
  async restart() {
    await this.page.goto("about:blank");
    await this.endApp();
    await this.startApp();
    await this.page.goto(this.url);
  }

  /** Ends everything, and fails where the page had broken or called out on the way. */
  async close() {
    for (const end of this.#endings.reverse()) await end();
    await this.endApp();
    assert.deepEqual(this.#broken, [], "nothing broke in the page, and it asked this machine alone");
  }

  /** Asks the engine directly, as the page does. */
  async call(name, args = null) {
    const reply = await this.#ask("/call", { name, args });
    assert.ok(!("problem" in reply), `${name} answers: ${JSON.stringify(reply.problem)}`);
    return reply.ok;
  }

  /** What the next file dialog answers: a path, or null for a person who cancels. */
  answerDialog(path) {
    return this.#ask("/test/answer", { path });
  }

  drag(over) {
    return this.#ask("/test/drag", { over });
  }

  drop(path) {
    return this.#ask("/test/drop", { path });
  }

  links() {
    return this.#ask("/test/links", {});
  }

  /** Waits until a page that begins so was opened outside the window. */
  opens(begin, why) {
    return settles(async () => (await this.links()).some((link) => link.startsWith(begin)), true, why);
  }

  async file(name, text) {
    const path = join(this.folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  /** The whole page with what stands in its fields and its storage, as a thief would take it. */
  everything() {
    return this.page.evaluate(() => document.documentElement.outerHTML + JSON.stringify({ ...localStorage, ...sessionStorage }) + [...document.querySelectorAll("input, textarea")].map((field) => field.value).join("\n"));
  }

  /** Types a command of the terminal on the same store. */
  tapline(...words) {
    const said = spawnSync(program("tapline"), ["--json", ...words], { env: { ...process.env, ...this.environment }, encoding: "utf8" });
    assert.equal(said.status, 0, `tapline ${words.join(" ")}: ${said.stdout}${said.stderr}`);
    return JSON.parse(said.stdout).ok;
  }

  /** Every file of this world that holds the text. */
  async traces(text) {
    const found = [];
    for (const entry of await readdir(this.folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      if (entry.isFile() && (await readFile(path)).includes(text)) found.push(path);
    }
    return found;
  }

  /** Where a program of ours is. */
  program(name) {
    return program(name);
  }

  go(path) {
    return this.page.evaluate((to) => { location.hash = to; }, path);
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  link(name) {
    return this.page.getByRole("link", { name, exact: true });
  }

  field(name) {
    return this.page.getByRole("textbox", { name });
  }

  heading(name) {
    return this.page.getByRole("heading", { level: 1, name });
  }

  sees(text) {
    return this.page.getByText(text).first().waitFor();
  }

  /** What a button copies when it is pressed by a key. */
  async copied(button) {
    // Emptied first: what an earlier press copied would be taken for this one's.
    await this.page.evaluate(() => navigator.clipboard.writeText(""));
    await button.focus();
    await this.page.keyboard.press("Enter");
    const read = () => this.page.evaluate(() => navigator.clipboard.readText());
    await settles(async () => (await read()) !== "", true, "the press copies something");
    return read();
  }

  /** Waits until a field holds this value: the engine may have to say it first. */
  holds(field, value, why) {
    return settles(() => field.inputValue(), value, why);
  }

  /** Waits until a field holds anything at all. */
  async isFilled(field, why) {
    await settles(async () => (await field.inputValue()) !== "", true, why);
  }

  /** Looks at a screen as everybody may: light and dark, narrow and wide. Pictures it, and asks axe about each. */
  async look(name) {
    await mkdir(shots, { recursive: true });
    const before = this.page.viewportSize();
    const found = [];
    for (const colorScheme of ["light", "dark"]) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const width of widths) {
        await this.page.setViewportSize({ width, height: width < 1000 ? 620 : 900 });
        await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        await this.page.screenshot({ path: join(shots, `${name}-${colorScheme}-${width}.png`) });
        found.push(...(await this.#scan()).map((violation) => `${name}, ${colorScheme}, ${width} wide: ${violation}`));
        const beyond = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (beyond > 0) found.push(`${name} is ${beyond} px wider than a window of ${width}`);
      }
    }
    await this.page.setViewportSize(before);
    await this.page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    assert.deepEqual(found, [], "every screen can be used by everybody");
  }

  async #scan() {
    if (!(await this.page.evaluate(() => "axe" in window))) await this.page.evaluate(axe);
    const { violations } = await this.page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    return violations.map(({ id, nodes }) => `${id} at ${nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")} (${nodes[0]?.failureSummary?.split("\n")[1]?.trim()})`);
  }

  async #ask(path, body) {
    const address = new URL(this.url);
    const token = address.searchParams.get("token");
    const answer = await fetch(new URL(path, address), { method: "POST", headers: { "x-tapline-token": token }, body: JSON.stringify(body) });
    assert.equal(answer.status, 200, `${path} is answered`);
    return answer.json();
  }
}
