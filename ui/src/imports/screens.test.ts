import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent, { PointerEventsCheckLevel } from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeHost } from "../backend/fake";
import type { Plan } from "../backend/generated/Plan";
import type { PlanReview } from "../backend/generated/PlanReview";
import { leaving } from "../frame/leaving.svelte";
import LeaveDialog from "../frame/LeaveDialog.svelte";
import { place } from "../frame/place.svelte";
import { axeFinds } from "../test/axe";
import ImportList from "./ImportList.svelte";
import { ImportsList } from "./list.svelte";
import { account, brief, connection, estimate, plan, problem, run, sample, suggested } from "./made-up";
import RestartDialog from "./RestartDialog.svelte";
import Wizard from "./Wizard.svelte";

/** A small engine: names are needed, and a phone needs a country code. */
function reviewed({ plan }: { plan: Plan }): PlanReview {
  return {
    problems: [
      ...(plan.nickname.trim() ? [] : [problem("field_empty", { field: "nickname" }, "Nickname is needed")]),
      ...(plan.identity.column ? [] : [problem("field_empty", { field: "identity.column" }, "Identity is needed")]),
    ],
    property_samples: plan.properties.map(({ name, repairs }) =>
      name === "Phone"
        ? [
            repairs?.country_code
              ? { value: "0171 555 0142", sent: `"${repairs.country_code}1715550142"`, rejected: null, warning: null }
              : { value: "0171 555 0142", sent: null, rejected: "Phone has no country code", warning: null },
          ]
        : [],
    ),
    identity_samples: [],
  };
}

let host: FakeHost;
// An open dialog takes the pointer from the page behind it; only a browser can tell which is which.
const user = userEvent.setup({ pointerEventsCheck: PointerEventsCheckLevel.Never });

beforeEach(() => {
  host = new FakeHost({
    "connections.list": [connection()],
    "accounts.list": [account()],
    "imports.list": [brief(), brief({ id: "i2", nickname: "Purchases", sync_type: "events", status: "running" })],
    "imports.get": { brief: brief(), plan: plan(), problems: [] },
    "imports.tables": { tables: [{ table: "customers", kind: "table" }], complete: true },
    "imports.estimate": estimate,
    "imports.preview": sample,
    "imports.suggest": suggested,
    "imports.review": reviewed,
    "imports.save": ({ plan, draft }) => ({ brief: brief({ status: draft ? "draft" : "ready" }), plan, problems: [] }),
    "imports.run_warning": null,
    "imports.run": run(),
    "imports.stop": { brief: brief({ id: "i2", status: "stopped" }), plan: plan(), problems: [] },
  });
});

const button = (name: string | RegExp) => screen.getByRole("button", { name });

async function toMap(): Promise<void> {
  render(Wizard, { id: "i1" });
  await user.click(await screen.findByRole("button", { name: /Next: Map/ }));
  await user.click(await screen.findByRole("button", { name: "Show sample values" }));
  await screen.findByText("1 of 1 sample value would be rejected.");
}

describe("Create Import on the screen", () => {
  it("names the field that is missing, under it, and gives it the focus", async () => {
    render(Wizard, { id: null });
    await user.click(await screen.findByRole("button", { name: /Next: Map/ }));
    const field = screen.getByRole("textbox", { name: "Nickname" });
    await waitFor(() => expect(field.getAttribute("aria-invalid")).toBe("true"));
    expect(field, "the first error takes the focus").toBe(document.activeElement);
    expect(document.getElementById(field.getAttribute("aria-describedby") ?? "")?.textContent).toContain("Nickname is needed");
  });

  it("says nothing of a field that was not left yet", async () => {
    render(Wizard, { id: null });
    const field = await screen.findByRole("textbox", { name: "Nickname" });
    await user.type(field, "S");
    await user.clear(field);
    expect(field.getAttribute("aria-invalid"), "the person is still typing").toBeNull();
    await user.tab();
    await waitFor(() => expect(field.getAttribute("aria-invalid"), "it was left empty").toBe("true"));
  });

  it("says that a database must have passed its test, and still lets it be chosen", async () => {
    host.on("connections.list", [connection({ last_check: null })]);
    render(Wizard, { id: null });
    await user.selectOptions(await screen.findByRole("combobox", { name: "Database" }), "shop-prod");
    expect(screen.getByText(/An import runs only on a database that has passed/)).toBeTruthy();
    expect(button("Open it to test")).toBeTruthy();
  });

  it("shows the cost before any row is read", async () => {
    render(Wizard, { id: "i1" });
    await screen.findAllByText(/at most 10 MB billed/);
    expect(host.callsOf("imports.preview"), "reading waits for a press").toHaveLength(0);
    await user.click(button(/Preview Results/));
    expect(await screen.findByRole("columnheader", { name: /customer_id/ })).toBeTruthy();
  });

  it("shows the sample that fails in its line, and mends it with a country code", async () => {
    await toMap();
    await user.type(screen.getByRole("textbox", { name: "Country code" }), "44");
    await user.click(button("Add where it is missing"));
    await waitFor(() => expect(screen.queryByText("1 of 1 sample value would be rejected.")).toBeNull());
    expect(screen.getByText('"+441715550142"', { exact: false }), "what will be sent instead").toBeTruthy();
  });

  it("opens a line's repairs beside the table, and gives the focus back", async () => {
    await toMap();
    await user.click(button("Repairs and samples of phone"));
    const inspector = screen.getByRole("complementary", { name: "Column phone" });
    await user.click(within(inspector).getByRole("checkbox", { name: /Trim white space/ }));
    expect(host.callsOf("imports.review").length).toBeGreaterThan(0);
    await user.click(within(inspector).getByRole("button", { name: "Close" }));
    expect(button("Repairs and samples of phone")).toBe(document.activeElement);
  });

  it("asks once before events with all rows are sent, with the count, and sends nothing on Not now", async () => {
    host.on("imports.run_warning", { rows: 69_659, words: "Each row becomes an event. Events cannot be taken back." });
    render(Wizard, { id: "i1" });
    await user.click(await screen.findByRole("button", { name: /Next: Map/ }));
    await user.click(await screen.findByRole("button", { name: "Next: Review" }));
    await user.click(await screen.findByRole("button", { name: "Run now" }));
    const dialog = await screen.findByRole("alertdialog", { name: "Send 69,659 events?" });
    await user.click(within(dialog).getByRole("button", { name: "Not now" }));
    expect(host.callsOf("imports.run")).toHaveLength(0);
    await user.click(button("Run now"));
    await user.click(await screen.findByRole("button", { name: "Send 69,659 events" }));
    await waitFor(() => expect(location.hash).toBe("#/runs/r1"));
    expect(host.callsOf("imports.run")).toEqual([{ import: "i1", confirmed: true }]);
  });

  it("keeps what was typed as a Draft when the person leaves", async () => {
    render(LeaveDialog);
    render(Wizard, { id: null });
    await user.type(await screen.findByRole("textbox", { name: "Nickname" }), "Half an import");
    place.go("/runs");
    const dialog = await screen.findByRole("alertdialog", { name: "Leave without saving?" });
    await user.click(within(dialog).getByRole("button", { name: "Save as Draft" }));
    await waitFor(() => expect(host.callsOf("imports.save")).toHaveLength(1));
    expect(host.callsOf("imports.save")[0]).toMatchObject({ draft: true, plan: { nickname: "Half an import" } });
    await waitFor(() => expect(location.hash).toBe("#/runs"));
    expect(leaving.asked).toBeNull();
  });

  it.each(["Configure", "Map", "Review and run"])("holds nothing that an accessibility scan objects to in %s", async (step) => {
    if (step === "Configure") {
      render(Wizard, { id: "i1" });
      await screen.findByRole("textbox", { name: "Nickname" });
    } else {
      await toMap();
      if (step === "Review and run") {
        await user.click(button("Next: Review"));
        await screen.findByRole("heading", { name: "Dry run" });
      }
    }
    expect(await axeFinds()).toEqual([]);
  });
});

describe("the Import Center on the screen", () => {
  it("says what stopping means, with the harmless answer first under the fingers", async () => {
    render(ImportList);
    (await screen.findByRole("rowheader", { name: /Purchases/ })).closest("tr")?.focus();
    await user.keyboard("{Delete}");
    const dialog = await screen.findByRole("alertdialog", { name: "Stop Purchases?" });
    expect(dialog.textContent).toContain("never runs again");
    await waitFor(() => expect(within(dialog).getByRole("button", { name: "Keep the import" })).toBe(document.activeElement));
    await user.click(within(dialog).getByRole("button", { name: "Stop import" }));
    await waitFor(() => expect(host.callsOf("imports.stop")).toEqual([{ import: "i2" }]));
  });

  it("runs an import from its line", async () => {
    render(ImportList);
    await user.click(await screen.findByRole("button", { name: "Run Shop customers" }));
    await waitFor(() => expect(location.hash).toBe("#/runs/r1"));
  });

  it("tells what to do first where there is no import", async () => {
    host.on("imports.list", []);
    render(ImportList);
    expect(await screen.findByRole("link", { name: /Create Import/ })).toBeTruthy();
  });

  it("says why it could not be read, and reads again on a press", async () => {
    host.on("imports.list", () => {
      throw problem("store_unreadable", {}, "The store could not be read");
    });
    render(ImportList);
    expect(await screen.findByText("The store could not be read")).toBeTruthy();
    host.on("imports.list", [brief()]);
    await user.click(button("Try again"));
    expect(await screen.findByRole("rowheader", { name: /Shop customers/ })).toBeTruthy();
  });

  it("holds nothing that an accessibility scan objects to", async () => {
    render(ImportList);
    await screen.findByRole("rowheader", { name: /Shop customers/ });
    expect(await axeFinds()).toEqual([]);
  });
});

describe("which rows are sent", () => {
  it("can be chosen by keyboard, says what each choice means, and shows what it needs", async () => {
    host.on("imports.can_compare", problem("tables_create_denied", {}, "Tables cannot be made in shop"));
    await toMap();
    const which = screen.getByRole("region", { name: "Which rows are sent" });
    within(which).getByRole<HTMLInputElement>("radio", { name: "All rows" }).focus();
    await user.keyboard("{ArrowRight}");
    expect(within(which).getByText(/Rows without Updated On are never found/)).toBeTruthy();
    await user.type(within(which).getByRole("textbox", { name: /Overlap/ }), "45");
    expect(within(which).getByText(/up to 45 minutes later/), "what is out of contract is said").toBeTruthy();
    await user.keyboard("{Tab}");
    await user.click(within(which).getByRole("radio", { name: "Changed rows" }));
    expect((await within(which).findByRole("alert")).textContent).toContain("Tables cannot be made in shop");
    expect(await axeFinds(which)).toEqual([]);
  });

  it("names the columns of the event key, and lets each be taken out again", async () => {
    host.on("imports.get", { brief: brief({ sync_type: "events" }), plan: plan({ records: { events: { name: { specific: "Bought" }, in_doubt: "ask" } } }), problems: [] });
    render(Wizard, { id: "i1" });
    await user.click(await screen.findByRole("button", { name: /Next: Map/ }));
    const which = await screen.findByRole("region", { name: "Which rows are sent" });
    await user.selectOptions(within(which).getByRole("combobox", { name: /Event key/ }), "customer_id");
    expect(within(which).getByText(/Rows with the same values are one event/)).toBeTruthy();
    await user.click(within(which).getByRole("button", { name: "Take customer_id out of the event key" }));
    expect(within(which).getByText(/every row is an event of its own/)).toBeTruthy();
  });
});

describe("an import that goes on from earlier runs", () => {
  it("starts from the beginning once the statement was shown and agreed to", async () => {
    const remembering = brief({ goes_on: true, last_run: { run: "r1", started_on: "2026-11-23T14:02:09Z", health: { words: "100 %", percent: 100, tone: "good" }, resumable: false } });
    host.on("imports.restart_plan", { words: ["Its next run sends every row."], statements: ["DROP TABLE IF EXISTS `shop.state`"] });
    host.on("imports.restart", { brief: remembering, plan: plan(), problems: [] });
    const list = new ImportsList();
    render(RestartDialog, { list });
    await list.askRestart(remembering);
    const dialog = await screen.findByRole("alertdialog");
    expect(dialog.textContent).toContain("DROP TABLE IF EXISTS `shop.state`");
    expect(host.callsOf("imports.restart"), "nothing happens before it is agreed to").toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Start from the beginning" }));
    await waitFor(() => expect(host.callsOf("imports.restart")).toEqual([{ import: "i1" }]));
    list.close();
  });
});
