import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { Signal } from "./generated/Signal";
import type { Host } from "./host";

/** The desktop shell, in the same process as the window. */
export function tauri(): Host {
  return {
    call: (name, args) => invoke("call", { name, args }),
    listen: (on) => void listen<Signal>("signal", (event) => on(event.payload)),
  };
}
