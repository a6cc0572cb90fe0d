import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { Refused } from "../backend";
import { FakeHost } from "../backend/fake";
import type { Settings } from "../backend/generated/Settings";
import { listenToKeys } from "../frame/keys.svelte";
import { leaving } from "../frame/leaving.svelte";
import { axeFinds } from "../test/axe";
import { problem } from "../test/problems";
import SettingsScreen from "./SettingsScreen.svelte";

const user = userEvent.setup();
const kept: Settings = { person: "Ada", proxy: { mode: "system" }, ca_file: null, theme: "system", row_values_days: 30 };
let host: FakeHost;

beforeEach(() => {
  leaving.leave();
  host = new FakeHost({
    about: { version: "0.1.0", store: "/home/ada/.local/share/tapline", keychain: { name: "Secret Service", problem: null, unencrypted: false }, sandbox: null },
    "settings.read": kept,
    "settings.save": (settings) => settings,
  });
  return listenToKeys({});
});

async function show() {
  render(SettingsScreen);
  return screen.findByLabelText<HTMLInputElement>("Your name");
}

const saves = () => host.callsOf("settings.save");

describe("Settings", () => {
  it("are saved when a field is left, and only where something changed", async () => {
    const name = await show();
    expect(name.value).toBe("Ada");
    await user.click(name);
    await user.tab();
    expect(saves(), "nothing was typed").toEqual([]);
    await user.clear(name);
    await user.type(name, "Ada Lovelace");
    await user.tab();
    await waitFor(() => expect(saves()).toEqual([{ ...kept, person: "Ada Lovelace" }]));
    expect(await screen.findByText("Saved")).toBeTruthy();
  });

  it("keep a proxy without an address to themselves until there is one", async () => {
    await show();
    await user.click(screen.getByRole("radio", { name: "Set here" }));
    expect(saves(), "half a setting is none").toEqual([]);
    await user.type(screen.getByLabelText("Proxy address"), "http://proxy.example.com:3128");
    await user.tab();
    await waitFor(() => expect(saves().at(-1)?.proxy).toEqual({ mode: "manual", url: "http://proxy.example.com:3128" }));
    await user.click(screen.getByRole("radio", { name: "None" }));
    await waitFor(() => expect(saves().at(-1)?.proxy).toEqual({ mode: "none" }));
  });

  it("that are refused stay typed, with the reason beside the field", async () => {
    host.on("settings.save", () => {
      throw new Refused(problem("setting_invalid", { title: "1 to 3650 days", facts: { field: "row_values_days" } }));
    });
    await show();
    const days = screen.getByLabelText<HTMLInputElement>("Keep their values for, in days");
    await user.clear(days);
    await user.type(days, "9999");
    await user.tab();
    expect((await screen.findAllByText(/1 to 3650 days/)).length).toBeGreaterThan(0);
    expect(days.value, "nothing typed is lost").toBe("9999");
    expect(saves().at(-1)?.row_values_days).toBe(9999);
  });

  it("that cannot be read say so, and can be asked for again", async () => {
    host.on("settings.read", () => {
      throw new Refused(problem("store_busy", { title: "The store is busy" }));
    });
    render(SettingsScreen);
    expect(await screen.findByText("The store is busy")).toBeTruthy();
    host.on("settings.read", kept);
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect((await screen.findByLabelText<HTMLInputElement>("Your name")).value).toBe("Ada");
  });

  it("hold nothing that an accessibility scan objects to", async () => {
    await show();
    await screen.findByText("Secret Service");
    expect(await axeFinds()).toEqual([]);
  });
});
