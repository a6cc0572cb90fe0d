import { call } from "../backend";
import type { Connection } from "../backend/generated/Connection";
import { Loaded } from "../backend/loaded.svelte";

/** The saved connections, one list for the whole window. */
export const connections = new Loaded<Connection[]>(() => call("connections.list"));
