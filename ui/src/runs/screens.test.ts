import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeHost } from "../backend/fake";
import { axeFinds } from "../test/axe";
import { problem } from "../test/problems";
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
    "runs.reasons": { groups: [phones], warnings: [] },
    "runs.records": recordsPage,
    "runs.resend_plan": { records: 120, people: 118, left_out: 2, bytes: 1_000, bytes_billed: 10_485_760, precision: "at_most", words: ["They are read again from the source."], problem: null },
    "runs.resend": { ...going, id: "r9", mends: "r1" },
    "runs.forget_person": { records: 3, running: false },
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

  it("says what CleverTap took and cut, although every record was delivered", async () => {
    host.on("runs.get", { ...over, outcome: "completed", counts: { ...over.counts, delivered: over.counts.read, rejected: 0, unprocessed: 0, in_doubt: 0 } });
    host.on("runs.reasons", { groups: [], warnings: [{ code: "text_cut", column: "bio", reason: "The text is longer than 512 bytes, and CleverTap cuts it", count: 3 }] });
    show();
    const warned = await screen.findByRole("region", { name: "Sent with a warning" });
    expect(within(warned).getByText(/CleverTap cuts it/)).toBeTruthy();
    expect(within(warned).getByText("3 records")).toBeTruthy();
    expect(within(warned).getByText("Column bio")).toBeTruthy();
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

  it("shows what sending again costs before anything is sent, and goes to the run that does it", async () => {
    host.on("runs.get", over);
    show();
    await user.click(await screen.findByRole("button", { name: "Fix and resend these 120" }));
    const dialog = await screen.findByRole("alertdialog", { name: "Send 120 records again?" });
    expect(dialog.textContent).toContain("at most 10 MB");
    expect(host.callsOf("runs.resend"), "nothing is sent by looking").toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Send 120 again" }));
    await waitFor(() => expect(location.hash).toBe("#/runs/r9"));
    expect(host.callsOf("runs.resend")).toEqual([{ run: "r1", fate: null, code: null, column: null }]);
  });

  it("says why nothing can be sent again, and offers no button that would", async () => {
    host.on("runs.get", over);
    const nothing = problem("resend_nothing", { title: "Nothing of this can be sent again" });
    host.on("runs.resend_plan", { records: 0, people: 0, left_out: 120, bytes: 0, bytes_billed: 0, precision: "at_most", words: [], problem: nothing });
    show();
    await user.click(await screen.findByRole("button", { name: /Phone has no country code/ }));
    await user.click(await screen.findByRole("button", { name: "Fix and resend these 120" }));
    const dialog = await screen.findByRole("alertdialog");
    expect(await within(dialog).findByText("Nothing of this can be sent again")).toBeTruthy();
    expect(within(dialog).queryByRole("button", { name: /^Send/ })).toBeNull();
    expect(host.callsOf("runs.resend_plan")).toEqual([{ run: "r1", fate: "rejected", code: "phone_country", column: "phone" }]);
  });

  it("forgets a person after asking once, and reads the records again", async () => {
    host.on("runs.get", over);
    show();
    await user.click(await screen.findByRole("button", { name: "Open the record of u7" }));
    await user.click(screen.getByRole("button", { name: "Forget this person" }));
    const dialog = await screen.findByRole("alertdialog", { name: "Forget u7?" });
    const before = host.callsOf("runs.records").length;
    await user.click(within(dialog).getByRole("button", { name: "Forget this person" }));
    expect(await screen.findByText(/3 records named this person/)).toBeTruthy();
    expect(host.callsOf("runs.forget_person")).toEqual([{ identity: "u7" }]);
    expect(host.callsOf("runs.records").length, "what is shown of them goes too").toBeGreaterThan(before);
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
