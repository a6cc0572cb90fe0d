import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { tick } from "svelte";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeHost } from "../backend/fake";
import { listenToKeys } from "../frame/keys.svelte";
import { leaving } from "../frame/leaving.svelte";
import { place } from "../frame/place.svelte";
import { axeFinds } from "../test/axe";
import { problem, wrong } from "../test/problems";
import DatabaseForm from "./DatabaseForm.svelte";
import { capText } from "./draft.svelte";
import { ConnectionForm } from "./form.svelte";
import { allPassed, connection, fine, offer, report } from "./made-up";

let host: FakeHost;
let form: ConnectionForm;
const user = userEvent.setup();

beforeEach(() => {
  leaving.leave();
  host = new FakeHost({
    "connections.review": fine,
    "key.pick": offer,
    "key.read_text": { ...offer, file_name: null },
    "key.forget": null,
    "check.start": report("running", { key_signs: { state: "running" } }),
    "check.cancel": report("cancelled"),
    "check.evidence": { tables: [], complete: true, problem: null },
    "connections.save": connection(),
  });
  return listenToKeys({});
});

function open(saved = null as ReturnType<typeof connection> | null) {
  form = new ConnectionForm(saved);
  return render(DatabaseForm, { form });
}

const field = (name: string) => screen.getByRole<HTMLInputElement>("textbox", { name });
const button = (name: string | RegExp) => screen.getByRole("button", { name });
const verdict = (name: string) => screen.findByRole("heading", { name });
const live = () => screen.getByRole("status", { name: "Test Connection" }).textContent;

async function fillIn() {
  await user.click(button("Choose a file"));
  await user.type(field("Connection name"), "shop-prod");
  await user.type(field("Dataset ID"), "sales");
}

describe("the bytes cap", () => {
  it("is proposed to a new connection, and left to the person", async () => {
    open();
    expect(form.draft.wire.bytes_cap).toBe("100 GB");
    expect(form.dirty, "a proposal is nobody's work").toBe(false);
    form.type("bytes_cap", "");
    await tick();
    expect(form.draft.wire.bytes_cap, "empty means none").toBe("");
  });

  it.each([[2 ** 30, "1 GB"], [100 * 2 ** 30, "100 GB"], [1.5 * 2 ** 40, "1.5 TB"], [1_000_000_000, "1000000000"], [2 ** 20, "1 MB"], [7, "7"]])("of %i bytes is typed as it is read: %s", (cap, text) => {
    expect(capText(cap)).toBe(text);
    expect(new ConnectionForm(connection({ bytes_cap: cap })).draft.wire.bytes_cap).toBe(text);
  });
});

describe("the key", () => {
  it("fills the project and shows whose it is", async () => {
    open();
    await user.click(button("Choose a file"));
    expect(field("Project ID").value, "the key names its project").toBe("acme-dw");
    const card = within(screen.getByRole("group", { name: "Key accepted" }));
    card.getByText(offer.client_email);
    card.getByText("a1b2");
  });

  it("leaves a project that the person typed alone", async () => {
    open();
    await user.type(field("Project ID"), "other-project");
    await user.click(button("Choose a file"));
    expect(field("Project ID").value).toBe("other-project");
  });

  it("that will not do is named, loses nothing, and the focus is on what mends it", async () => {
    host.on("key.pick", () => { throw problem("key_is_oauth_client", { title: "This is an OAuth client secret" }); });
    open();
    await user.type(field("Dataset ID"), "sales");
    await user.click(button("Choose a file"));
    await screen.findByText("This is an OAuth client secret");
    expect(field("Dataset ID").value).toBe("sales");
    expect(document.activeElement).toBe(button("Choose another file"));
  });

  it("that was pasted leaves the page once it is accepted", async () => {
    open();
    await user.click(screen.getByRole("tab", { name: "Custom key" }));
    const secret = '{"type":"service_account","private_key":"MIIEvSECRET"}';
    form.key.typed(secret);
    await screen.findByRole("group", { name: "Key accepted" });
    expect(host.callsOf("key.read_text")).toEqual([{ text: secret }]);
    expect(form.key.pasted).toBe("");
    expect(document.documentElement.outerHTML).not.toContain("MIIEvSECRET");
  });

  it("that stops in the middle is marked at its place in the text, which stays", async () => {
    host.on("key.read_text", () => { throw problem("key_cut", { title: "The end of the key is missing", facts: { position: "2:4" } }); });
    open();
    await user.click(screen.getByRole("tab", { name: "Custom key" }));
    form.key.typed('{\n "a');
    await form.key.readPasted();
    expect(form.key.pasted).toBe('{\n "a');
    expect(form.key.places[0]).toMatchObject({ from: 4, text: "The end of the key is missing" });
  });

  it("that was dropped on the window arrives as a signal, and the form shows that it may be let go", async () => {
    open();
    host.push({ signal: "drag_over", body: true });
    await screen.findByText("Let go to read the key");
    host.push({ signal: "key_dropped", body: { offer } });
    await screen.findByRole("group", { name: "Key accepted" });
  });

  it("that waits is wiped when the form is left without saving", async () => {
    const { unmount } = open();
    await user.click(button("Choose a file"));
    unmount();
    await waitFor(() => expect(host.callsOf("key.forget")).toEqual([{ offer: "offer-1" }]));
  });
});

describe("fields", () => {
  it("say what is wrong when they are left, not while they are typed into", async () => {
    host.on("connections.review", { ...fine, problems: [wrong("project_id", "This looks like the project’s name", { fix: { kind: "use", field: "project_id", value: "acme-dw" } })] });
    open();
    await user.type(field("Project ID"), "Acme DW");
    expect(screen.queryByText(/project’s name/), "not yet").toBeNull();
    await user.tab();
    await screen.findByText(/This looks like the project’s name/);
    expect(field("Project ID").getAttribute("aria-invalid")).toBe("true");
    const described = field("Project ID").getAttribute("aria-describedby") ?? "";
    expect(document.getElementById(described)?.textContent).toContain("project’s name");
  });

  it("are mended by the one press under them", async () => {
    host.on("connections.review", (draft) => (draft.project_id === "acme-dw" ? fine : { ...fine, problems: [wrong("project_id", "This looks like the project’s name", { fix: { kind: "use", field: "project_id", value: "acme-dw" } })] }));
    open();
    await user.type(field("Project ID"), "Acme DW");
    await user.tab();
    await user.click(await screen.findByRole("button", { name: "Use acme-dw" }));
    expect(field("Project ID").value).toBe("acme-dw");
    await waitFor(() => expect(field("Project ID").getAttribute("aria-invalid")).toBeNull());
  });

  it("on submit show all that is wrong, and the first takes the focus", async () => {
    host.on("connections.review", { ...fine, problems: [wrong("dataset_id", "Type the Dataset ID"), wrong("name", "Give it a name")] });
    open();
    await user.click(button("Choose a file"));
    await user.click(button("Save"));
    await screen.findByText(/Give it a name/);
    screen.getByText(/Type the Dataset ID/);
    screen.getByText("2 things to fix first");
    expect(document.activeElement, "the name stands above the dataset").toBe(field("Connection name"));
  });

  it("open Advanced when the first error is inside", async () => {
    host.on("connections.review", { ...fine, problems: [wrong("bytes_cap", "A cap is a number of bytes")] });
    open();
    await user.click(button("Choose a file"));
    await user.click(button("Save"));
    await waitFor(() => expect(document.activeElement).toBe(document.getElementById("connection-bytes-cap")));
    expect(document.querySelector("details")?.open).toBe(true);
  });

  it("take a pasted dataset path apart by one press, and say what was done", async () => {
    host.on("connections.review", (draft) => (draft.dataset_id.includes(".") ? { ...fine, split: { project_id: "acme-dw", dataset_id: "sales", table_id: null, said: "You pasted acme-dw.sales; the part after the dot is the dataset." } } : fine));
    open();
    await user.type(field("Dataset ID"), "acme-dw.sales");
    await user.tab();
    await user.click(await screen.findByRole("button", { name: "Use sales in acme-dw" }));
    expect(field("Dataset ID").value).toBe("sales");
    expect(field("Project ID").value).toBe("acme-dw");
    screen.getByText(/the part after the dot is the dataset/);
  });

  it("keep everything when the engine does not answer, and say so", async () => {
    host.on("connections.save", () => { throw problem("vault_missing", { title: "No keychain answers on this computer", command: "sudo apt install gnome-keyring" }); });
    open();
    await fillIn();
    await user.click(button("Save"));
    await screen.findByText("No keychain answers on this computer");
    expect(document.querySelector(".cmd code")?.textContent).toBe("sudo apt install gnome-keyring");
    expect([field("Connection name").value, field("Project ID").value, field("Dataset ID").value]).toEqual(["shop-prod", "acme-dw", "sales"]);
    screen.getByRole("group", { name: "Key accepted" });
  });
});

describe("the test", () => {
  it("is heard step by step, and then as a verdict", async () => {
    open();
    await fillIn();
    await user.click(button(/^Test Connection/));
    host.push({ signal: "check", body: report("running", { key_signs: { state: "passed", took_ms: 3 } }) });
    await waitFor(() => expect(live()).toBe("Passed: Key signs"));
    host.push({ signal: "check", body: allPassed });
    await waitFor(() => expect(live()).toContain("The connection works. 7 of 7 passed"));
  });

  it("shows a failed step open, and its fix changes the field and tests again", async () => {
    const missing = wrong("dataset_id", "Dataset salse was not found", { fix: { kind: "use", field: "dataset_id", value: "sales" }, answer: { asked: "datasets.get acme-dw.salse", status: 404, said: "Not found: Dataset acme-dw:salse", body: "{}" } });
    open();
    await user.click(button("Choose a file"));
    await user.type(field("Dataset ID"), "salse");
    await user.click(button(/^Test Connection/));
    host.push({ signal: "check", body: report("failed", { dataset_found: { state: "failed", title: missing.title, problem: missing } }) });
    await screen.findByText("Not found: Dataset acme-dw:salse");
    screen.getByRole("button", { name: "Use sales" });
    await user.click(button("Use sales, test again"));
    expect(field("Dataset ID").value).toBe("sales");
    await waitFor(() => expect(host.callsOf("check.start").map((args) => args.draft.dataset_id)).toEqual(["salse", "sales"]));
  });

  it("asks for one step again without the others", async () => {
    host.on("check.again", report("running", { may_run_jobs: { state: "running" } }));
    open();
    await fillIn();
    await user.click(button(/^Test Connection/));
    host.push({ signal: "check", body: report("failed", { may_run_jobs: { state: "failed", title: "May not run jobs", problem: problem("jobs_denied") } }) });
    await user.click(await screen.findByRole("button", { name: "Test this step again" }));
    expect(host.callsOf("check.again")).toEqual([{ check: "check-1", step: "may_run_jobs" }]);
  });

  it("keeps what a step asked again came to, though that overtakes the reply", async () => {
    const failed = report("failed", { may_run_jobs: { state: "failed", title: "May not run jobs", problem: problem("jobs_denied") } });
    host.on("check.again", () => {
      host.push({ signal: "check", body: report("running", { may_run_jobs: { state: "running" } }) });
      host.push({ signal: "check", body: allPassed });
      return failed;
    });
    open();
    await fillIn();
    await user.click(button(/^Test Connection/));
    host.push({ signal: "check", body: failed });
    await user.click(await screen.findByRole("button", { name: "Test this step again" }));
    await verdict("The connection works");
  });

  it("is cancelled by Esc, which then leaves nothing", async () => {
    open();
    await fillIn();
    await user.click(button(/^Test Connection/));
    await user.keyboard("{Escape}");
    await verdict("The test was cancelled");
    expect(field("Dataset ID").value).toBe("sales");
    expect(leaving.asked, "Esc cancelled the test and did not ask to leave").toBeNull();
  });

  it("does not speak of what was typed since", async () => {
    open();
    await fillIn();
    await user.click(button(/^Test Connection/));
    host.push({ signal: "check", body: allPassed });
    await verdict("The connection works");
    await user.type(field("Dataset ID"), "2");
    await screen.findByText("The form has changed since. Test again to be sure.");
  });

  it("that answers before its own name is known is not lost", async () => {
    host.on("check.start", async () => {
      host.push({ signal: "check", body: allPassed });
      await tick();
      return report("running");
    });
    open();
    await fillIn();
    await user.click(button(/^Test Connection/));
    await verdict("The connection works");
  });
});

describe("saving", () => {
  it("needs no test, and afterwards offers the next step", async () => {
    host.on("connections.save", connection({ last_check: { at: "2026-11-23T10:00:00Z", passed: true, problem: null } }));
    open();
    await fillIn();
    await user.click(button(/^Save/));
    await waitFor(() => expect(place.path).toBe("/connections/c1"));
    expect(host.callsOf("connections.save")[0]?.check, "no test was run").toBeNull();
    const next = await screen.findByRole("link", { name: "Create Import" });
    expect(next.getAttribute("href")).toBe("#/imports/new?connection=c1");
    expect(host.callsOf("key.forget"), "a saved key is not wiped").toEqual([]);
  });

  it("names the test that passed with what is saved", async () => {
    open();
    await fillIn();
    await user.click(button(/^Test Connection/));
    host.push({ signal: "check", body: allPassed });
    await verdict("The connection works");
    await user.click(button(/^Save/));
    await waitFor(() => expect(host.callsOf("connections.save")[0]?.check).toBe("check-1"));
  });

  it("of another key waits for a passed test", async () => {
    open(connection());
    await user.click(button("Replace key"));
    await user.click(button("Choose a file"));
    await screen.findByRole("group", { name: "Key accepted" });
    await user.click(button(/^Save/));
    await screen.findByText(/Test the new key first/);
    expect(host.callsOf("connections.save")).toEqual([]);
    await user.click(button(/^Test Connection/));
    host.push({ signal: "check", body: allPassed });
    await verdict("The connection works");
    await user.click(button(/^Save/));
    await waitFor(() => expect(host.callsOf("connections.save")[0]).toMatchObject({ check: "check-1", draft: { id: "c1", offer: "offer-1" } }));
  });

  it("takes a name that was taken meanwhile back to its field", async () => {
    host.on("connections.save", () => { throw wrong("name", "Another connection has this name"); });
    open();
    await fillIn();
    await user.click(button(/^Save/));
    await screen.findByText(/Another connection has this name/);
    expect(document.activeElement).toBe(field("Connection name"));
  });
});

describe("leaving", () => {
  it("by Esc asks first while something is typed, and staying keeps it", async () => {
    open();
    await user.type(field("Connection name"), "shop");
    await user.keyboard("{Escape}");
    expect(leaving.asked?.what).toBe("the database that you are adding");
    leaving.stay();
    expect(field("Connection name").value).toBe("shop");
  });

  it("an untouched form asks nothing", async () => {
    open(connection());
    await user.keyboard("{Escape}");
    expect(leaving.asked).toBeNull();
    expect(place.path).toBe("/connections");
  });
});

describe("the keyboard alone", () => {
  it("is enough to choose a key, fill in, test and save", async () => {
    host.on("check.start", allPassed);
    open();
    expect(document.activeElement, "the form starts at the key").toBe(button("Choose a file"));
    await user.keyboard("{Enter}");
    await screen.findByRole("group", { name: "Key accepted" });
    field("Connection name").focus();
    await user.keyboard("shop-prod{Tab}{Tab}sales");
    expect(document.activeElement).toBe(field("Dataset ID"));
    await user.keyboard("{Control>}{Enter}{/Control}");
    await verdict("The connection works");
    await user.keyboard("{Control>}s{/Control}");
    await waitFor(() => expect(host.callsOf("connections.save")).toHaveLength(1));
  });
});

describe("for everybody", () => {
  it("axe finds nothing in an empty form", async () => {
    open();
    expect(await axeFinds()).toEqual([]);
  });

  it("axe finds nothing in a failing and a passed form", async () => {
    open();
    await fillIn();
    await user.click(button(/^Test Connection/));
    host.push({ signal: "check", body: report("failed", { may_run_jobs: { state: "failed", problem: problem("jobs_denied", { command: "gcloud x", answer: { asked: "jobs.insert", status: 403, said: "Access Denied", body: "{}" } }) } }) });
    await verdict("One step to fix");
    expect(await axeFinds()).toEqual([]);
    host.push({ signal: "check", body: allPassed });
    await verdict("The connection works");
    expect(await axeFinds()).toEqual([]);
  });
});
