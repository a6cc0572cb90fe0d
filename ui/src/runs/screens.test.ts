import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeHost } from "../backend/fake";
import { axeFinds } from "../test/axe";
import { counts, going, over, phones, recordsPage } from "./made-up";
import RunList from "./RunList.svelte";
import RunScreen from "./RunScreen.svelte";

let host: FakeHost;
const user = userEvent.setup();

beforeEach(() => {
  host = new FakeHost({
    "runs.get": going,
    "runs.list": [over, { ...going, id: "r2" }],
    "runs.stop": { ...going, phase: "stopping" },
    "runs.reasons": { groups: [phones] },
    "runs.records": recordsPage,
    "runs.export": { path: "/home/ada/failed.csv", rows: 120 },
  });
});

const show = () => render(RunScreen, { id: "r1", starting: false, onagain: () => undefined });

describe("a run on the screen", () => {
  it("tells all counts to a person who hears it", async () => {
    show();
    const bar = await screen.findByRole("progressbar", { name: "Progress of the run" });
    expect(bar.getAttribute("aria-valuetext")).toBe("25 percent: 50 delivered, none rejected, none unprocessed, none in doubt, 150 to go");
    host.push({ signal: "run", body: { ...going, counts: { ...counts, delivered: 90, in_doubt: 10 } } });
    await waitFor(() => expect(bar.getAttribute("aria-valuetext")).toContain("10 in doubt"));
    await waitFor(() => expect(screen.getAllByRole("status").some(({ textContent }) => textContent?.includes("50 percent")), "announced at the tenth").toBe(true));
  });

  it("stops at a press and says so", async () => {
    show();
    await user.click(await screen.findByRole("button", { name: /Stop run/ }));
    expect(await screen.findByRole("button", { name: "Stopping" })).toBeTruthy();
  });

  it("turns into its result when it ends, with the reasons and what was not delivered", async () => {
    show();
    await screen.findByRole("progressbar");
    host.push({ signal: "run", body: over });
    expect(await screen.findByRole("heading", { name: "Health 40 %" })).toBeTruthy();
    expect(await screen.findByRole("button", { name: /Phone has no country code/ })).toBeTruthy();
    expect(await screen.findByText("1 to 50 of 120")).toBeTruthy();
    expect(screen.getByText("10 MB"), "what BigQuery billed").toBeTruthy();
  });

  it("explains honestly what in doubt means after an interruption", async () => {
    host.on("runs.get", { ...over, outcome: "interrupted", counts: { ...over.counts, in_doubt: 20 } });
    show();
    expect((await screen.findByText(/Tapline ended before the run did/)).textContent).toContain("is in doubt");
  });

  it("opens a record, and gives the focus back to its line", async () => {
    host.on("runs.get", over);
    show();
    await user.click(await screen.findByRole("button", { name: "Open the record of u7" }));
    const record = screen.getByRole("complementary", { name: "Record" });
    expect(record.textContent).toContain('"phone": "0171"');
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("complementary")).toBeNull();
    expect(screen.getByRole("button", { name: "Open the record of u7" })).toBe(document.activeElement);
  });

  it("says where the export was written", async () => {
    host.on("runs.get", over);
    show();
    await user.click(await screen.findByRole("button", { name: /Export CSV/ }));
    expect(await screen.findByText("/home/ada/failed.csv")).toBeTruthy();
  });

  it.each([going, over])("holds nothing that an accessibility scan objects to ($phase)", async (run) => {
    host.on("runs.get", run);
    show();
    await screen.findByRole("heading", { name: run === over ? "Reasons" : "Reasons so far" });
    expect(await axeFinds()).toEqual([]);
  });
});

describe("the list of runs on the screen", () => {
  it("shows each run with its outcome, its health and its counts", async () => {
    render(RunList);
    const row = (await screen.findByText("Completed with rejects")).closest("tr");
    expect(row && within(row).getAllByText("40 %").length).toBeGreaterThan(0);
    expect(row?.textContent).toContain("80");
    expect(screen.getByText("Running 25%")).toBeTruthy();
  });

  it("holds nothing that an accessibility scan objects to", async () => {
    render(RunList);
    await screen.findByText("Completed with rejects");
    expect(await axeFinds()).toEqual([]);
  });
});
