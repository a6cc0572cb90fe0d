import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { FakeHost } from "../backend/fake";
import type { Account } from "../backend/generated/Account";
import { listenToKeys } from "../frame/keys.svelte";
import { leaving } from "../frame/leaving.svelte";
import { axeFinds } from "../test/axe";
import { problem, wrong } from "../test/problems";
import AccountEditor from "./AccountEditor.svelte";

const user = userEvent.setup();
const saved: Account = { id: "a1", name: "Acme Shop", account_id: "W8K-4R7-9Z6Z", region: "europe", calls_at_once: 15, added_on: "2026-11-03T08:00:00Z", added_by: "Priya Nair", last_test: null, imports: 0 };
const refused = { at: new Date().toISOString(), passed: false, took_ms: 148, problem: problem("clevertap_account_refused", { title: "CleverTap refused the account", explanation: "A wrong region looks exactly like a wrong passcode.", fix: { kind: "use", field: "region", value: "singapore" }, answer: { asked: "POST upload", status: 401, said: "Account ID is not valid", body: null } }) };
let host: FakeHost;

beforeEach(() => {
  leaving.leave();
  host = new FakeHost({ "accounts.review": { problems: [], address: null, suggested_name: null }, "accounts.save": saved, "accounts.test_draft": refused });
  return listenToKeys({});
});

const field = (name: string) => screen.getByLabelText<HTMLInputElement>(name);
const region = () => screen.getByLabelText<HTMLSelectElement>("Region").value;

describe("an account", () => {
  it("is read from a pasted dashboard address, and says so", async () => {
    host.on("accounts.review", (draft) => ({ problems: [], address: draft.account_id.startsWith("http") ? { account_id: "R5Z-6K9-4W6Z", region: "singapore" } : null, suggested_name: null }));
    render(AccountEditor, { account: null });
    expect(document.activeElement).toBe(field("Account ID"));
    await user.paste("https://sg1.dashboard.clevertap.com/R5Z-6K9-4W6Z/boards");
    await screen.findByText(/Read from the dashboard address/);
    expect(field("Account ID").value).toBe("R5Z-6K9-4W6Z");
    expect(region()).toBe("singapore");
  });

  it("that CleverTap refuses shows its words and loses nothing; the fix tries another region", async () => {
    render(AccountEditor, { account: null });
    await user.type(field("Account ID"), "R5Z-6K9-4W6Z");
    await user.selectOptions(field("Region"), "india");
    await user.type(field("Passcode"), "P-SECRET");
    await user.keyboard("{Control>}{Enter}{/Control}");
    await screen.findByText("Account ID is not valid");
    screen.getByText("A wrong region looks exactly like a wrong passcode.");
    expect(field("Passcode").value).toBe("P-SECRET");
    expect(await axeFinds()).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Try Singapore (sg1)" }));
    await waitFor(() => expect(host.callsOf("accounts.test_draft").map((draft) => draft.region)).toEqual(["india", "singapore"]));
  });

  it("may be told how many calls it has at once, and keeps what was said of it otherwise", async () => {
    render(AccountEditor, { account: { ...saved, calls_at_once: 9 } });
    const calls = screen.getByLabelText<HTMLSelectElement>("Calls at once");
    expect(calls.value).toBe("9");
    await user.selectOptions(calls, "4");
    await user.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(host.callsOf("accounts.save")).toEqual([{ id: "a1", name: "Acme Shop", account_id: "W8K-4R7-9Z6Z", region: "europe", passcode: "", calls_at_once: 4 }]));
  });

  it("does not show an answer that speaks of other values", async () => {
    render(AccountEditor, { account: null });
    await user.type(field("Passcode"), "P-1");
    await user.keyboard("{Control>}{Enter}{/Control}");
    await screen.findByText("CleverTap refused the account");
    await user.type(field("Passcode"), "2");
    expect(screen.queryByText("CleverTap refused the account")).toBeNull();
  });

  it("forgets the passcode in the page once it is saved", async () => {
    render(AccountEditor, { account: null });
    await user.type(field("Account ID"), "W8K-4R7-9Z6Z");
    await user.type(field("Passcode"), "P-SECRET");
    await user.keyboard("{Control>}s{/Control}");
    await waitFor(() => expect(field("Passcode").value).toBe(""));
    expect(document.documentElement.outerHTML).not.toContain("P-SECRET");
  });

  it("focuses the first thing that is wrong", async () => {
    host.on("accounts.review", { problems: [wrong("passcode", "Type the passcode"), wrong("account_id", "Type the Account ID")], address: null, suggested_name: null });
    render(AccountEditor, { account: null });
    await user.click(screen.getByRole("button", { name: "Save" }));
    await screen.findByText("2 things to fix first");
    expect(document.activeElement).toBe(field("Account ID"));
  });

  it("that is saved keeps its passcode when none is typed", async () => {
    host.on("accounts.save", (draft) => ({ ...saved, name: draft.name }));
    render(AccountEditor, { account: saved });
    await user.type(field("Account name"), " 2");
    await user.keyboard("{Control>}s{/Control}");
    await waitFor(() => expect(host.callsOf("accounts.save")).toEqual([{ id: "a1", name: "Acme Shop 2", account_id: "W8K-4R7-9Z6Z", region: "europe", passcode: "", calls_at_once: 15 }]));
  });
});
