import type { Component } from "svelte";
import AccountsScreen from "../accounts/AccountsScreen.svelte";
import ConnectionList from "../connections/ConnectionList.svelte";
import EditDatabase from "../connections/EditDatabase.svelte";
import NewDatabase from "../connections/NewDatabase.svelte";
import ExplainScreen from "../explain/ExplainScreen.svelte";
import ImportList from "../imports/ImportList.svelte";
import RunList from "../runs/RunList.svelte";
import SettingsScreen from "../settings/SettingsScreen.svelte";
import NewImport from "./NewImport.svelte";
import OpenImport from "./OpenImport.svelte";
import OpenRun from "./OpenRun.svelte";

export type Params = Record<string, string>;
type View = Component<{ params: Params }>;
type Route = { path: string; view: View };

/** A screen that needs nothing from the address. */
function fixed(view: Component<Record<string, never>>): View {
  return view as unknown as View;
}

/** Every place in the window, first match first. `:name` stands for one part. */
const routes: readonly Route[] = [
  { path: "/", view: fixed(ConnectionList) },
  { path: "/connections", view: fixed(ConnectionList) },
  { path: "/connections/new", view: fixed(NewDatabase) },
  { path: "/connections/:id", view: EditDatabase },
  { path: "/accounts", view: AccountsScreen },
  { path: "/accounts/:id", view: AccountsScreen },
  { path: "/settings", view: fixed(SettingsScreen) },
  { path: "/explain", view: fixed(ExplainScreen) },
  { path: "/imports", view: fixed(ImportList) },
  { path: "/imports/new", view: fixed(NewImport) },
  { path: "/imports/:id", view: OpenImport },
  { path: "/runs", view: fixed(RunList) },
  { path: "/runs/:id", view: OpenRun },
];

export type Found = { view: View; params: Params; key: string };

export function find(path: string): Found | null {
  for (const route of routes) {
    const params = match(route.path, path);
    if (params) return { view: route.view, params, key: `${route.path} ${JSON.stringify(params)}` };
  }
  return null;
}

function match(pattern: string, path: string): Params | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params: Params = {};
  for (const [at, part] of wanted.entries()) {
    const piece = given[at] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = decodeURIComponent(piece);
    else if (part !== piece) return null;
  }
  return params;
}
