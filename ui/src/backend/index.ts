import type { Commands } from "./generated/Commands";
import type { Signal } from "./generated/Signal";
import type { Host } from "./host";
import { loopback, tokenInPage } from "./loopback";
import { isProblem, problemOf, Refused } from "./problem";
import { tauri } from "./tauri";

export { isProblem, problemOf, Refused };
export type { Commands, Host, Signal };

export type Name = keyof Commands;
export type Args<N extends Name> = Commands[N]["args"];
export type Reply<N extends Name> = Commands[N]["reply"];
type Rest<N extends Name> = Args<N> extends null ? [] : [args: Args<N>];

type SignalName = Signal["signal"];
type Body<S extends SignalName> = Extract<Signal, { signal: S }>["body"];
type Listener = (signal: Signal) => void;

let host: Host | null = null;
const listeners = new Set<Listener>();

/** Whether an engine stands behind this page at all: a plain browser has none. */
export function findHost(): Host | null {
  if ("__TAURI_INTERNALS__" in window) return tauri();
  const token = tokenInPage();
  return token === null ? null : loopback(token);
}

export function connectTo(chosen: Host): void {
  host = chosen;
  chosen.listen((signal) => {
    for (const listener of [...listeners]) listener(signal);
  });
}

/** Asks the engine. Fails with `Refused`, which holds the problem to show. */
export async function call<N extends Name>(name: N, ...rest: Rest<N>): Promise<Reply<N>> {
  if (!host) throw new Refused(problemOf(new Error("No engine is connected to this page.")));
  try {
    return (await host.call(name, rest[0] ?? null)) as Reply<N>;
  } catch (thrown) {
    throw new Refused(problemOf(thrown), thrown);
  }
}

/** Hears one kind of signal until the returned function is called. */
export function onSignal<S extends SignalName>(name: S, hear: (body: Body<S>) => void): () => void {
  const listener: Listener = (signal) => {
    if (signal.signal === name) hear(signal.body as Body<S>);
  };
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Asks, and gives the newest that is known by then. A reply says how things stood when it was written: signals about the same
 * thing may overtake it on their way.
 */
export async function newest<S extends SignalName>(name: S, same: (heard: Body<S>, reply: Body<S>) => boolean, ask: () => Promise<Body<S>>): Promise<Body<S>> {
  const early: Body<S>[] = [];
  const stop = onSignal(name, (body) => early.push(body));
  try {
    const reply = await ask();
    return early.findLast((heard) => same(heard, reply)) ?? reply;
  } finally {
    stop();
  }
}

export type Changed = "connections" | "accounts" | "imports" | "runs" | "settings";

/** Hears that one of these lists changed. */
export function onChanged(names: readonly Changed[], hear: () => void): () => void {
  return onSignal("changed", (name) => {
    if ((names as readonly string[]).includes(name)) hear();
  });
}
