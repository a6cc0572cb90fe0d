import { connectTo, type Args, type Name, type Reply } from "./index";
import type { Signal } from "./generated/Signal";
import type { Host } from "./host";

type Answer<N extends Name> = Reply<N> | ((args: Args<N>) => Reply<N> | Promise<Reply<N>>);
export type Script = { [N in Name]?: Answer<N> };

/** A scripted engine for tests. A command that the script does not know fails loudly. */
export class FakeHost implements Host {
  readonly calls: { name: Name; args: unknown }[] = [];
  #script: Script;
  #hear: (signal: Signal) => void = () => undefined;

  constructor(script: Script = {}) {
    this.#script = script;
    connectTo(this);
  }

  on<N extends Name>(name: N, answer: Answer<N>): this {
    (this.#script as Record<string, unknown>)[name] = answer;
    return this;
  }

  push(signal: Signal): void {
    this.#hear(signal);
  }

  callsOf<N extends Name>(name: N): Args<N>[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.args as Args<N>);
  }

  async call(name: string, args: unknown): Promise<unknown> {
    this.calls.push({ name: name as Name, args });
    if (!(name in this.#script)) throw new Error(`The test's script has no answer for ${name}.`);
    const answer: unknown = this.#script[name as Name];
    return typeof answer === "function" ? await (answer as (args: unknown) => unknown)(args) : answer;
  }

  listen(on: (signal: Signal) => void): void {
    this.#hear = on;
  }
}
