import { call } from "../backend";
import type { Account } from "../backend/generated/Account";
import { Loaded } from "../backend/loaded.svelte";

/** The saved CleverTap accounts, one list for the whole window. */
export const accounts = new Loaded<Account[]>(() => call("accounts.list"));
