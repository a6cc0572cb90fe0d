import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FakeHost } from "../backend/fake";
import { listenToKeys } from "../frame/keys.svelte";
import { axeFinds } from "../test/axe";
import { problem } from "../test/problems";
import ExplainScreen from "./ExplainScreen.svelte";

const user = userEvent.setup();
const missing = problem("dataset_not_found", { voice: "google", title: "There is no dataset salse", answer: { asked: "datasets.get", status: 404, said: "Not found", body: "{}" } });
const pasted = 'HTTP/2 404\ndate: now\n\n{"error":{"code":404,"message":"Not found: Dataset acme-dw:salse"}}';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost({ "connections.list": [], "problems.explain": missing });
  return listenToKeys({});
});

const box = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "What came back" });
const meaning = () => within(screen.getByRole("region", { name: "A known problem" }));

describe("explaining an answer", () => {
  it("starts in the box, and says what it is for", async () => {
    render(ExplainScreen);
    expect(document.activeElement).toBe(box());
    screen.getByRole("heading", { name: "What it means" });
    expect(await axeFinds()).toEqual([]);
  });

  it("takes a whole curl output apart and shows the problem, by keys alone", async () => {
    render(ExplainScreen);
    await user.paste(pasted);
    await user.keyboard("{Control>}{Enter}{/Control}");
    await screen.findByText("There is no dataset salse", { selector: "b" });
    expect(host.callsOf("problems.explain").at(-1)).toEqual({ call: "bigquery.datasets.get", status: 404, headers: ["date: now"], body: '{"error":{"code":404,"message":"Not found: Dataset acme-dw:salse"}}', context: null, request: null });
    expect(screen.getByRole<HTMLInputElement>("textbox", { name: "Status" }).value).toBe("404");
    expect(meaning().getByText("dataset_not_found")).toBeTruthy();
    expect(screen.getByRole("status", { name: "Meaning" }).textContent).toBe("There is no dataset salse");
    expect(await axeFinds()).toEqual([]);
  });

  it("explains by itself a moment after the paste", async () => {
    render(ExplainScreen);
    await user.paste(pasted);
    await screen.findByText("There is no dataset salse", { selector: "b" });
  });

  it("asks for what the text does not say, and nothing of the engine", async () => {
    render(ExplainScreen);
    await user.paste("it does not work");
    await screen.findByText("The text does not say. Choose it.");
    await user.selectOptions(screen.getByRole("combobox", { name: "What was asked" }), "token");
    await screen.findByText("A number such as 403.");
    expect(host.callsOf("problems.explain")).toEqual([]);
    await user.type(screen.getByRole("textbox", { name: "Status" }), "400");
    await vi.waitFor(() => expect(host.callsOf("problems.explain").at(-1)).toMatchObject({ call: "token", status: 400 }));
  });

  it("takes secrets out before the engine or the page has them", async () => {
    render(ExplainScreen);
    await user.paste(`> Authorization: Bearer ya29.very-secret\n${pasted}`);
    await screen.findByText("1 secret taken out of what you pasted.");
    await vi.waitFor(() => expect(host.callsOf("problems.explain")).toHaveLength(1));
    expect(JSON.stringify(host.calls)).not.toContain("very-secret");
    expect(box().value).not.toContain("very-secret");
  });

  it("fills the names of a connection in, where one is chosen", async () => {
    host.on("connections.list", [{
      id: "c1", name: "shop", project_id: "acme-dw", dataset_id: "sales", billing_project: null, bytes_cap: null, location_override: null, location: "EU", client_email: "a@b.iam.gserviceaccount.com",
      key_id_tail: "a1b2", key_bits: 2048, key_added_on: "2026-10-12T08:00:00Z", connected_on: "2026-10-12T08:00:00Z", connected_by: "Ann", last_check: null, imports: 0, key_problem: null,
    }]);
    render(ExplainScreen);
    await user.selectOptions(await screen.findByRole("combobox", { name: /Connection/ }), "c1");
    box().focus();
    await user.paste(pasted);
    await vi.waitFor(() => expect(JSON.parse(host.callsOf("problems.explain").at(-1)?.context ?? "null")).toMatchObject({ project: "acme-dw", dataset: "sales", dataset_location: "EU" }));
  });

  it("calls an unknown answer unknown", async () => {
    host.on("problems.explain", problem("google_refused", { voice: "google", title: "Google refused" }));
    render(ExplainScreen);
    await user.paste(pasted);
    await screen.findByRole("heading", { name: "Not known" });
  });

  it("forgets everything when it is cleared", async () => {
    render(ExplainScreen);
    await user.paste(pasted);
    await screen.findByText("There is no dataset salse", { selector: "b" });
    await user.click(screen.getByRole("button", { name: "Clear" }));
    await screen.findByRole("heading", { name: "What it means" });
    expect(box().value).toBe("");
    expect(document.activeElement).toBe(box());
  });
});
