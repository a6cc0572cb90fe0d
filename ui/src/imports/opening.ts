// What the wizard opens with: what there is to choose from, and the plan as it is saved or as it may best begin.

import { call } from "../backend";
import type { Account } from "../backend/generated/Account";
import type { Connection } from "../backend/generated/Connection";
import type { Import } from "../backend/generated/Import";
import type { Plan } from "../backend/generated/Plan";
import { newPlan } from "./plan";

export interface Opening {
  connections: Connection[];
  accounts: Account[];
  /** The import that is edited; none where one is created. */
  saved: Import | null;
  plan: Plan;
}

export async function opening(id: string | null, connection: string | null): Promise<Opening> {
  const [connections, accounts, saved] = await Promise.all([
    call("connections.list"),
    call("accounts.list"),
    id ? call("imports.get", { import: id }) : null,
  ]);
  return { connections, accounts, saved, plan: saved?.plan ?? firstPlan(connections, accounts, connection) };
}

/** What there is only one of is chosen already, where it works. */
function firstPlan(connections: Connection[], accounts: Account[], connection: string | null): Plan {
  const wanted = connections.find(({ id }) => id === connection);
  const tested = connections.filter(({ last_check }) => last_check?.passed);
  return { ...newPlan(), database: (wanted ?? only(tested))?.name ?? "", account: only(accounts)?.name ?? "" };
}

function only<T>(list: T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}

/** A name for a Draft that has none. */
export async function freeName(): Promise<string> {
  const taken = new Set((await call("imports.list")).map(({ nickname }) => nickname));
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? "Untitled import" : `Untitled import ${n}`;
    if (!taken.has(name)) return name;
  }
}
