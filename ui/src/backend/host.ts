import type { Signal } from "./generated/Signal";

/** Where the engine is. A host carries names and JSON, and knows none of them. */
export interface Host {
  /** Resolves to the reply. Rejects with the engine's problem as it came, or with whatever broke on the way. */
  call(name: string, args: unknown): Promise<unknown>;
  /** Starts the stream of signals. Called once. */
  listen(on: (signal: Signal) => void): void;
}
