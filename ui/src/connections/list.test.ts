import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { FakeHost } from "../backend/fake";
import { axeFinds } from "../test/axe";
import { problem } from "../test/problems";
import ConnectionList from "./ConnectionList.svelte";
import DeleteGuard from "./DeleteGuard.svelte";
import { deleting } from "./deleting.svelte";
import { hand } from "./handover";
import { connections } from "./list.svelte";
import { allPassed, connection, report } from "./made-up";

const user = userEvent.setup();
const both = [connection(), connection({ id: "c2", name: "returns-us", dataset_id: "returns", connected_by: "Jonas Weber", connected_on: "2025-09-09T08:00:00Z", last_check: { at: "2026-11-20T08:00:00Z", passed: false, problem: problem("x", { title: "Dataset not found" }) } })];

async function open(all = both, host = new FakeHost()) {
  host.on("connections.list", all);
  await connections.reload();
  render(ConnectionList);
  return host;
}

const names = () => screen.queryAllByRole("rowheader").map((cell) => cell.querySelector("a")?.textContent);

describe("the list of connections", () => {
  it("says how the last test went, in words", async () => {
    await open();
    screen.getByText("Not tested");
    screen.getByText("Dataset not found");
    screen.getByText("2 connections, 1 needs attention");
    expect(await axeFinds()).toEqual([]);
  });

  it("is searched by name, project, dataset and address, and by person", async () => {
    await open();
    await user.type(screen.getByRole("textbox", { name: "Search connections" }), "RETURNS");
    expect(names()).toEqual(["returns-us"]);
    screen.getByText("1 of 2 connections");
  });

  it("keeps its filters for the next time, and one press clears them", async () => {
    await open();
    await user.type(screen.getByRole("textbox", { name: "Search connections" }), "nothing like it");
    screen.getByText("No connection matches “nothing like it”");
    document.body.replaceChildren();
    await open();
    await user.click(screen.getByRole("button", { name: "Clear search and filters" }));
    expect(names()).toEqual(["shop-prod", "returns-us"]);
  });

  it("says what to do first where there is nothing yet", async () => {
    await open([]);
    screen.getByRole("heading", { name: "Connect your first dataset" });
    screen.getByRole("link", { name: "Add Database" });
    expect(await axeFinds()).toEqual([]);
  });

  it("gives the focus back to the row that was open", async () => {
    hand.left = "c2";
    await open();
    expect(document.activeElement).toBe(screen.getByRole("row", { name: /returns-us/ }));
  });

  it("tests in place, step by step", async () => {
    const host = await open(both, new FakeHost({ "check.start_saved": report("running", { key_signs: { state: "running" } }) }));
    await user.click(screen.getByRole("button", { name: "Actions for shop-prod" }));
    await user.click(await screen.findByText("Test Connection"));
    await screen.findByText("Testing, step 1 of 7");
    host.push({ signal: "check", body: allPassed });
    await waitFor(() => expect(screen.queryByText(/Testing, step/)).toBeNull());
  });
});

describe("deleting", () => {
  const brief = { id: "i1", nickname: "Shop purchases", status: "running", sync_type: "events", database: "shop-prod", connection: "c1", account: "Acme", datasource: "orders", frequency: "Manually Trigger", last_run: null, bytes_billed: 0, goes_on: false, created_on: "", created_by: "", updated_on: "", updated_by: "" } as const;

  it("stops what is in the way first, asks once more, and says what goes with it", async () => {
    const host = new FakeHost({
      "connections.delete_plan": { connection: connection(), blocking: [brief], imports: [brief], runs_kept: 2 },
      "connections.stop_imports": { connection: connection(), blocking: [], imports: [{ ...brief, status: "stopped" }], runs_kept: 2 },
      "connections.delete": null,
    });
    render(DeleteGuard);
    await deleting.begin("c1");
    const dialog = await screen.findByRole("alertdialog", { name: "Stop 1 import before deleting shop-prod" });
    expect(await axeFinds(dialog)).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Stop the import" }));
    await screen.findByRole("alertdialog", { name: "Delete shop-prod?" });
    expect(host.callsOf("connections.delete"), "stopping deletes nothing").toEqual([]);
    screen.getByText(/Its key, ending in a1b2, from the keychain/);
    screen.getByText(/2 runs in the history/);
    await user.click(screen.getByRole("button", { name: "Delete connection" }));
    await waitFor(() => expect(host.callsOf("connections.delete")).toEqual([{ connection: "c1" }]));
    expect(deleting.open).toBe(false);
  });

  it("that is refused says why and stays open", async () => {
    new FakeHost({ "connections.delete_plan": { connection: connection(), blocking: [], imports: [], runs_kept: 0 }, "connections.delete": () => { throw problem("import_in_the_way", { title: "An import was started meanwhile" }); } });
    render(DeleteGuard);
    await deleting.begin("c1");
    await user.click(await screen.findByRole("button", { name: "Delete connection" }));
    await screen.findByText("An import was started meanwhile");
    await user.click(screen.getByRole("button", { name: "Keep everything" }));
    await waitFor(() => expect(deleting.open).toBe(false));
  });
});
