import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Refused } from "../backend";
import { FakeHost } from "../backend/fake";
import type { ResumePlan } from "../backend/generated/ResumePlan";
import type { Run } from "../backend/generated/Run";
import { listenToKeys } from "../frame/keys.svelte";
import { axeFinds } from "../test/axe";
import { problem } from "../test/problems";
import { RunsList } from "./list.svelte";
import { going, over, phones, recordsPage } from "./made-up";
import RunList from "./RunList.svelte";
import RunScreen from "./RunScreen.svelte";

let host: FakeHost;
const user = userEvent.setup();

const plan: ResumePlan = { left: 120, bytes_billed: 0, precision: "at_most", words: ["120 rows are left to be sent.", "They are read from the result that BigQuery still keeps, which costs nothing."], confirm: false, doubt: null };
const doubt = { events: 20, since: "2026-11-23T14:02:10Z", stored: 0 };
const stopped: Run = { ...over, outcome: "stopped", resumable: true, counts: { ...over.counts, read: 80, delivered: 80, rejected: 0 } };
const paused: Run = { ...stopped, paused: true };

let deaf: () => void;

afterEach(() => deaf());
beforeEach(() => {
  deaf = listenToKeys({});
  host = new FakeHost({
    "runs.get": going,
    "runs.list": [going, { ...paused, id: "r2", started_on: "2026-11-22T14:02:09Z" }],
    "runs.pause": { ...going, phase: "stopping", paused: true },
    "runs.stop": { ...going, phase: "stopping" },
    "runs.resume_plan": plan,
    "runs.resume": { ...going, counts: { ...going.counts, delivered: 81 } },
    "runs.leave_doubt": { ...over, outcome: "completed_in_doubt" },
    "runs.resend_plan": { records: 20, people: 20, left_out: 0, bytes: 0, bytes_billed: 0, precision: "at_most", words: ["The records are sent as they were stored."], problem: null },
    "runs.reasons": { groups: [phones], warnings: [] },
    "runs.records": recordsPage,
  });
});

const show = () => render(RunScreen, { id: "r1", starting: false, onagain: () => undefined });

describe("a run that goes", () => {
  it("pauses at a press, says so, and offers neither of the two again", async () => {
    show();
    await user.click(await screen.findByRole("button", { name: /^Pause/ }));
    expect(await screen.findByRole("button", { name: "Pausing" })).toBeTruthy();
    expect(screen.queryByRole("button", { name: /Stop run/ }), "a pause that is under way is not stopped besides").toBeNull();
    await user.click(screen.getByRole("button", { name: "Pausing" }));
    expect(host.callsOf("runs.pause"), "asked once").toEqual([{ run: "r1" }]);
  });

  it("is paused and stopped by keys, too", async () => {
    show();
    await screen.findByRole("button", { name: /^Pause/ });
    await user.keyboard("{Control>}p{/Control}");
    await waitFor(() => expect(host.callsOf("runs.pause")).toHaveLength(1));
    await user.keyboard("{Control>}.{/Control}");
    expect(host.callsOf("runs.stop"), "what stops is not told to stop").toEqual([]);
  });

  it("says why it could not be told, and can be told again", async () => {
    host.on("runs.pause", () => Promise.reject(new Refused(problem("store_busy", { title: "The store is busy" }))));
    show();
    await user.click(await screen.findByRole("button", { name: /^Pause/ }));
    expect(await screen.findByText("The store is busy")).toBeTruthy();
    expect(await screen.findByRole("button", { name: /^Pause/ })).toBeTruthy();
  });

  it("says that it goes on without the window", async () => {
    show();
    expect((await screen.findByText(/Started .* by Ada/)).textContent).toContain("close the window: the run goes on");
  });
});

describe("a run that did not come to its end", () => {
  it.each([["Paused", paused], ["Stopped", stopped], ["Interrupted", { ...stopped, outcome: "interrupted" }], ["Failed", { ...stopped, outcome: "failed", problem: problem("offline", { title: "This computer is offline" }) }]] as const)(
    "%s says what Resume does and costs, and goes on at a press", async (word, run) => {
      host.on("runs.get", run);
      show();
      const note = await screen.findByRole("note");
      await waitFor(() => expect(note.textContent).toContain("120 rows are left to be sent."));
      expect(within(note).getByText(word)).toBeTruthy();
      await user.click(within(note).getByRole("button", { name: /^Resume/ }));
      expect(await screen.findByRole("button", { name: /Stop run/ }), "it goes").toBeTruthy();
      expect(host.callsOf("runs.resume")).toEqual([{ run: "r1", in_doubt: null, confirmed: false }]);
    });

  it("names what BigQuery may bill for asking again", async () => {
    host.on("runs.get", stopped);
    host.on("runs.resume_plan", { ...plan, bytes_billed: 10_485_760 });
    show();
    expect((await screen.findByText(/at most 10 MB/)).textContent).toContain("for the query");
  });

  it("runs the query a second time only at a button that says so, beside the price", async () => {
    host.on("runs.get", { ...stopped, outcome: "failed", problem: problem("response_too_large", { title: "The result is too large" }) });
    host.on("runs.resume_plan", { ...plan, left: null, confirm: true, bytes_billed: 10_485_760, words: ["The query runs a second time."] });
    show();
    expect(await screen.findByText(/at most 10 MB/)).toBeTruthy();
    await user.click(await screen.findByRole("button", { name: /^Run the query again/ }));
    await waitFor(() => expect(host.callsOf("runs.resume")).toEqual([{ run: "r1", in_doubt: null, confirmed: true }]));
  });

  it("asks about events in doubt before it goes on, and does as it is told", async () => {
    host.on("runs.get", { ...stopped, doubt });
    host.on("runs.resume_plan", { ...plan, doubt });
    show();
    const question = await screen.findByRole("group", { name: "What becomes of the 20 events in doubt?" });
    expect(question.textContent).toContain("What had arrived is there twice");
    expect(screen.queryByRole("button", { name: /^Resume$/ }), "nothing goes on unasked").toBeNull();
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(host.callsOf("runs.resume"), "nor by keys").toEqual([]);
    await user.click(within(question).getByRole("button", { name: "Resume and leave them" }));
    await waitFor(() => expect(host.callsOf("runs.resume")).toEqual([{ run: "r1", in_doubt: "leave", confirmed: false }]));
  });

  it("comes alive again when somebody else goes on with it", async () => {
    host.on("runs.get", paused);
    show();
    await screen.findByRole("button", { name: /^Resume/ });
    host.on("runs.get", going);
    host.push({ signal: "changed", body: "runs" });
    expect(await screen.findByRole("button", { name: /Stop run/ })).toBeTruthy();
    host.push({ signal: "run", body: { ...going, counts: { ...going.counts, delivered: 99 } } });
    await waitFor(() => expect(screen.getByRole("progressbar", { name: "Progress of the run" }).getAttribute("aria-valuetext")).toContain("99 delivered"));
  });

  it("shows that it has ended, though that overtakes the reply which says that it goes on", async () => {
    host.on("runs.get", stopped);
    host.on("runs.resume", () => {
      host.push({ signal: "run", body: going });
      host.push({ signal: "run", body: over });
      return going;
    });
    show();
    await user.click(await screen.findByRole("button", { name: /^Resume/ }));
    await waitFor(() => expect(host.callsOf("runs.resume")).toHaveLength(1));
    await waitFor(() => expect(screen.queryByRole("button", { name: /^(Resume|Stop run)/ }), "it is over").toBeNull());
  });

  it("says why it cannot be gone on with", async () => {
    host.on("runs.get", stopped);
    host.on("runs.resume", () => Promise.reject(new Refused(problem("import_running", { title: "The import is running" }))));
    show();
    await user.click(await screen.findByRole("button", { name: /^Resume/ }));
    expect(await screen.findByText("The import is running")).toBeTruthy();
  });

  it("holds nothing that an accessibility scan objects to", async () => {
    host.on("runs.get", { ...stopped, doubt });
    host.on("runs.resume_plan", { ...plan, doubt });
    show();
    await screen.findByRole("group", { name: /in doubt/ });
    expect(await axeFinds()).toEqual([]);
  });
});

describe("a run that came to its end with events in doubt", () => {
  const inDoubt: Run = { ...over, outcome: "completed_in_doubt", counts: { ...over.counts, rejected: 0, in_doubt: 20 }, doubt: { ...doubt, stored: 20 } };

  it("asks what becomes of them, and shows what sending again does before it does it", async () => {
    host.on("runs.get", inDoubt);
    show();
    const question = await screen.findByRole("group", { name: /20 events in doubt/ });
    await user.click(within(question).getByRole("button", { name: "Send again" }));
    await screen.findByRole("alertdialog", { name: "Send 20 records again?" });
    expect(host.callsOf("runs.resend_plan")).toEqual([{ run: "r1", fate: "in_doubt", code: null, column: null }]);
  });

  it("asks no more once they are left", async () => {
    host.on("runs.get", inDoubt);
    show();
    const question = await screen.findByRole("group", { name: /20 events in doubt/ });
    await user.click(within(question).getByRole("button", { name: "Leave them" }));
    await waitFor(() => expect(screen.queryByRole("group", { name: /in doubt/ })).toBeNull());
    expect(host.callsOf("runs.leave_doubt")).toEqual([{ run: "r1" }]);
  });
});

describe("what a run cost", () => {
  it("stands beside what was expected, and what the import cost in all", async () => {
    host.on("runs.get", over);
    render(RunScreen, { id: "r1", starting: false, spent: 52_428_800, onagain: () => undefined });
    const facts = await screen.findByRole("region", { name: "What it took" });
    expect(facts.textContent).toContain("10 MB");
    expect(facts.textContent).toContain("at most 20 MB was expected");
    expect(facts.textContent).toContain("50 MB for all runs of this import");
  });
});

describe("the list of runs", () => {
  it("says beside a paused run that its result could not be kept for long, and folds away why", async () => {
    const words = "The run is paused all the same. BigQuery keeps its result for about a day.";
    host.on("runs.get", { ...paused, caution: { words, problem: problem("write_denied", { title: "This key may not write to shop" }) } });
    const { container } = show();
    expect(await screen.findByText(words)).toBeTruthy();
    const why = screen.getByText("Why it could not be copied");
    expect(why.closest("details")?.open, "nothing is wrong with the run itself").toBe(false);
    await user.click(why);
    expect(within(why.closest("details") as HTMLElement).getAllByText("This key may not write to shop").length).toBeGreaterThan(0);
    expect(await screen.findByRole("button", { name: /^Resume/ }), "and it goes on as any other").toBeTruthy();
    expect(await axeFinds(container)).toEqual([]);
  });

  it("tells a run that is paused from one that was stopped", async () => {
    host.on("runs.list", [going, { ...paused, id: "r2", started_on: "2026-11-22T14:02:09Z" }, { ...stopped, id: "r3", started_on: "2026-11-21T14:02:09Z" }]);
    render(RunList);
    expect(await screen.findByText("Paused")).toBeTruthy();
    expect(screen.getByText("Stopped")).toBeTruthy();
  });

  it("pauses and stops a run that goes, and shows at once that it does", async () => {
    const list = new RunsList();
    await list.load();
    await list.tell("pause", "r1");
    expect(host.callsOf("runs.pause")).toEqual([{ run: "r1" }]);
    expect(list.runs?.find(({ id }) => id === "r1")?.phase).toBe("stopping");
    host.on("runs.stop", () => { throw problem("store_busy", { title: "The store is busy" }); });
    await list.tell("stop", "r1");
    expect(list.actProblem?.title, "what went wrong is told").toBe("The store is busy");
    list.close();
  });
});
