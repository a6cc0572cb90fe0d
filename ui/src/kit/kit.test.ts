import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { createRawSnippet } from "svelte";
import { describe, expect, it, vi } from "vitest";
import { axeFinds } from "../test/axe";
import { problem } from "../test/problems";
import Button from "./Button.svelte";
import Choice from "./Choice.svelte";
import CodeEditor from "./CodeEditor.svelte";
import { placeOf } from "./code";
import Combobox from "./Combobox.svelte";
import DateRange from "./DateRange.svelte";
import Dialog from "./Dialog.svelte";
import { openLinksWith } from "./links";
import Menu from "./Menu.svelte";
import ProblemCard from "./ProblemCard.svelte";
import { anyDay, inRange, lastDays } from "./range";
import StackedBar from "./StackedBar.svelte";
import Table from "./Table.svelte";
import Tabs from "./Tabs.svelte";
import TextField from "./TextField.svelte";
import { toasts } from "./toasts.svelte";
import Toasts from "./Toasts.svelte";

// What floats has no place where nothing is laid out, and so counts as hidden.
const floating = { hidden: true } as const;
const user = userEvent.setup();
const text = (words: string) => createRawSnippet(() => ({ render: () => `<span>${words}</span>` }));
const cells = (words: string) => createRawSnippet(() => ({ render: () => words }));

describe("a button", () => {
  it("that is busy takes no second press and says so", async () => {
    const onclick = vi.fn();
    render(Button, { busy: true, onclick, children: text("Save") });
    await user.click(screen.getByRole("button", { name: "Save" }));
    expect(onclick).not.toHaveBeenCalled();
    expect(screen.getByRole("button").getAttribute("aria-busy")).toBe("true");
  });

  it("keeps its keys out of its name", () => {
    render(Button, { keys: "Ctrl S", children: text("Save") });
    screen.getByRole("button", { name: "Save" });
  });
});

describe("a field", () => {
  it("ties hint, error and the press that mends it to its control", async () => {
    const press = vi.fn();
    const view = render(TextField, { label: "Dataset ID", value: "", hint: "A folder of tables." });
    const input = screen.getByRole("textbox", { name: "Dataset ID" });
    const under = () => document.getElementById(input.getAttribute("aria-describedby") ?? "")?.textContent ?? "";
    expect(under()).toContain("A folder of tables.");
    await view.rerender({ error: { text: "Not found.", fix: { label: "Use sales", press } } });
    expect(under()).toContain("Not found.");
    expect(input.getAttribute("aria-invalid")).toBe("true");
    await user.click(screen.getByRole("button", { name: "Use sales" }));
    expect(press).toHaveBeenCalledOnce();
    expect(await axeFinds()).toEqual([]);
  });
});

describe("tabs", () => {
  it("go by arrows and show one panel", async () => {
    render(Tabs, { label: "Way", value: "a", tabs: [{ value: "a", label: "First" }, { value: "b", label: "Second" }], panel: text("inside") });
    screen.getByRole("tab", { name: "First" }).focus();
    await user.keyboard("{ArrowRight}");
    expect(screen.getByRole("tab", { name: "Second" }).getAttribute("aria-selected")).toBe("true");
    expect(screen.getAllByText("inside")).toHaveLength(1);
    expect(await axeFinds()).toEqual([]);
  });
});

describe("a table", () => {
  const rows = ["one", "two", "three"];
  const open = vi.fn();
  const props = () => ({ caption: "Things", rows, key: (row: unknown) => String(row), head: cells('<th scope="col">Name</th>'), row: cells('<th scope="row">Thing</th>'), onopen: open });

  it("is one stop of Tab, goes by arrows and opens by Enter", async () => {
    render(Table, props());
    await user.tab();
    const all = screen.getAllByRole("row").slice(1);
    expect(document.activeElement).toBe(all[0]);
    await user.keyboard("{ArrowDown}{ArrowDown}{ArrowDown}");
    expect(document.activeElement, "it stays on the last").toBe(all[2]);
    await user.keyboard("{Home}{ArrowDown}{Enter}");
    expect(open).toHaveBeenLastCalledWith("two");
    expect(all.map((row) => row.tabIndex)).toEqual([-1, 0, -1]);
  });

  it("is a table to a screen reader", async () => {
    render(Table, props());
    screen.getByRole("table", { name: "Things" });
    expect(await axeFinds()).toEqual([]);
  });
});

describe("a dialog", () => {
  it("starts on the harmless button, and Esc closes it without doing anything", async () => {
    const onclose = vi.fn();
    const actions = createRawSnippet(() => ({ render: () => "<div><button>Delete</button><button data-harmless>Keep</button></div>" }));
    render(Dialog, { open: true, title: "Delete it?", actions, onclose });
    const dialog = await screen.findByRole("alertdialog", { name: "Delete it?" });
    await vi.waitFor(() => expect(document.activeElement?.textContent).toBe("Keep"));
    expect(await axeFinds(dialog)).toEqual([]);
    await user.keyboard("{Escape}");
    await vi.waitFor(() => expect(onclose).toHaveBeenCalledOnce());
  });
});

describe("a menu", () => {
  it("opens and is used by keys, and gives the focus back", async () => {
    const press = vi.fn();
    render(Menu, { label: "Actions", items: [{ label: "Open", press: () => undefined }, { label: "Delete", tone: "danger" as const, press }] });
    const trigger = screen.getByRole("button", { name: "Actions" });
    trigger.focus();
    await user.keyboard("{Enter}");
    await screen.findByRole("menu", floating);
    await user.keyboard("{ArrowDown}{Enter}");
    expect(press).toHaveBeenCalledOnce();
    await vi.waitFor(() => expect(document.activeElement).toBe(trigger));
  });
});

describe("a combobox", () => {
  it("narrows by typing and picks by Enter", async () => {
    const onpick = vi.fn();
    render(Combobox, { value: "", label: "Table", options: ["orders", "customers"].map((value) => ({ value, label: value })), onpick });
    await user.click(screen.getByRole("combobox", { name: "Table" }));
    await user.keyboard("cust");
    await screen.findByText("customers");
    expect(screen.queryByText("orders")).toBeNull();
    await user.keyboard("{ArrowDown}{Enter}");
    expect(onpick).toHaveBeenCalledWith("customers");
  });
});

describe("filters", () => {
  it("say their value in their name, and Backspace clears them", async () => {
    render(Choice, { label: "Connected By", value: "Priya", any: "Anyone", options: [{ value: "Priya", label: "Priya" }] });
    screen.getByRole("combobox", { name: "Connected By Priya" }).focus();
    await user.keyboard("{Backspace}");
    screen.getByRole("combobox", { name: "Connected By Anyone" });
  });

  it("by date take both days in, and a preset counts today", async () => {
    expect(inRange("2026-11-23T10:00:00", { from: "2026-11-23", to: "2026-11-23" })).toBe(true);
    expect(inRange("2026-11-24T00:00:01", { from: null, to: "2026-11-23" })).toBe(false);
    expect(lastDays(7, new Date(2026, 10, 23))).toEqual({ from: "2026-11-17", to: "2026-11-23" });
    render(DateRange, { label: "Connected On", value: anyDay });
    await user.click(screen.getByRole("button", { name: /Connected On/ }));
    await user.click(await screen.findByText("Today"));
    await vi.waitFor(() => expect(screen.getByRole("button", { name: /Connected On/ }).textContent).toContain(String(new Date().getFullYear())));
  });
});

describe("a problem", () => {
  const denied = problem("dataset_get_denied", {
    voice: "google", title: "This key may not see sales", explanation: "The account lacks a right on acme-dw:sales.", who: "An owner of the dataset sales",
    command: "bq query 'GRANT …'", tool: "sql", command_does: "It gives the account BigQuery Data Viewer on sales, and nothing else.",
    settles: "A grant can take some minutes to show.", console: "https://console.cloud.google.com/bigquery?project=acme-dw", message: "Hello, please help.",
    answer: { asked: "datasets.get acme-dw:sales", status: 403, said: "Access Denied", body: '{ "error": 403 }' },
  });

  it("says what was asked, what was said, who can fix it, the command, and what it allows", async () => {
    render(ProblemCard, { problem: denied, actions: text("Test this step again") });
    for (const words of [denied.title, denied.explanation, "datasets.get acme-dw:sales", "Google said", "Access Denied", denied.who, denied.command_does, denied.settles]) screen.getByText(words ?? "");
    const code = document.querySelector(".cmd code");
    expect(code?.textContent, "the command as it is typed").toBe(denied.command);
    expect([...(code?.children ?? [])].map(({ textContent }) => textContent), "whose lines end between words").toEqual(denied.command?.split(" "));
    expect(await axeFinds()).toEqual([]);
  });

  it("has the better value at hand where one is known", async () => {
    const onfix = vi.fn();
    render(ProblemCard, { problem: problem("x", { fix: { kind: "use", field: "dataset_id", value: "sales" } }), onfix });
    await user.click(screen.getByRole("button", { name: "Use sales" }));
    expect(onfix).toHaveBeenCalledWith("dataset_id", "sales");
  });

  it("opens Google's console outside the window", async () => {
    const open = vi.fn();
    openLinksWith(open);
    render(ProblemCard, { problem: denied });
    await user.click(screen.getByRole("button", { name: "Open Google’s console" }));
    expect(open).toHaveBeenCalledWith(denied.console);
  });

  it("copies the command, the letter and the raw answer, each as it is", async () => {
    render(ProblemCard, { problem: denied });
    const copied = async (name: string) => {
      await user.click(screen.getByRole("button", { name, ...floating }));
      return navigator.clipboard.readText();
    };
    expect(await copied("Copy the command")).toBe(denied.command);
    expect(await copied("Copy message for your admin")).toBe(denied.message);
    expect(await copied("Copy the answer"), "the body is not set anew").toBe('HTTP 403\n{ "error": 403 }');
  });

  it("shows one line where every shell reads it alike, and else a choice with this computer's shell first", async () => {
    const first = render(ProblemCard, { problem: denied });
    expect(screen.queryByRole("group", { name: "Shell" })).toBeNull();
    first.unmount();
    const commands: (typeof denied)["commands"] = [
      { shell: "power_shell", line: "bq query 'GRANT ''x'''" },
      { shell: "command_prompt", line: "bq query \"GRANT 'x'\"" },
      { shell: "posix", line: "bq query 'GRANT \"x\"'" },
    ];
    render(ProblemCard, { problem: { ...denied, commands } });
    expect(screen.getByRole<HTMLInputElement>("radio", { name: "PowerShell" }).checked).toBe(true);
    for (const [at, shell] of ["PowerShell", "Command Prompt", "Cloud Shell"].entries()) {
      await user.click(screen.getByRole("radio", { name: shell }));
      await user.click(screen.getByRole("button", { name: "Copy the command", ...floating }));
      expect(await navigator.clipboard.readText()).toBe(commands[at]?.line);
    }
    expect(await axeFinds()).toEqual([]);
  });

  it("names nobody as the answerer where it is not certain who answered", () => {
    render(ProblemCard, { problem: problem("net_html", { voice: "network", answer: { asked: "token", status: 200, said: null, body: "<html>" } }) });
    screen.getByText("What came back");
    expect(screen.queryByText(/Google/)).toBeNull();
  });
});

describe("a toast", () => {
  it("offers Undo, once", async () => {
    const undo = vi.fn();
    render(Toasts);
    toasts.say("The property is no longer sent", undo);
    await user.click(await screen.findByRole("button", { name: "Undo" }));
    expect(undo).toHaveBeenCalledOnce();
    expect(screen.queryByText(/no longer sent/)).toBeNull();
  });
});

describe("a bar", () => {
  it("names all its counts", async () => {
    render(StackedBar, { label: "Shop", words: "3 delivered, 1 rejected", segments: [{ tone: "passed", count: 3, label: "delivered" }, { tone: "failed", count: 1, label: "rejected" }], of: 8 });
    expect(screen.getByRole("progressbar", { name: "Shop" }).getAttribute("aria-valuetext")).toBe("3 delivered, 1 rejected");
    expect(await axeFinds()).toEqual([]);
  });
});

describe("code", () => {
  it("is a named text box, and forgets a text that is taken away", async () => {
    const view = render(CodeEditor, { value: '{"private_key": "SECRET"}', language: "json", label: "Key" });
    expect((await screen.findByRole("textbox", { name: "Key" })).textContent).toContain("SECRET");
    await view.rerender({ value: "" });
    expect(document.documentElement.outerHTML).not.toContain("SECRET");
    screen.getByRole("textbox", { name: "Key" }).focus();
    await user.keyboard("{Control>}z{/Control}");
    expect(document.documentElement.outerHTML, "nor does Undo bring it back").not.toContain("SECRET");
  });

  it("takes a text that came before it was loaded, and marks what is wrong in it", async () => {
    const view = render(CodeEditor, { value: "SELECT 1", language: "sql", label: "SQL" });
    await view.rerender({ value: "SELEC 2", errors: [{ from: 0, to: 5, text: "No such word" }] });
    await waitFor(() => expect(screen.getByRole("textbox", { name: "SQL" }).textContent).toBe("SELEC 2"));
    await waitFor(() => expect(document.querySelector(".cm-lintRange-error")?.textContent).toBe("SELEC"));
  });

  it("finds a place by line and column, and never leaves the text", () => {
    expect(placeOf("ab\ncd", 2, 1)).toBe(3);
    expect(placeOf("ab\ncd", 9, 9)).toBe(5);
  });
});
