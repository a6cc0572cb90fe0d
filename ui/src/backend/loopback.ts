import type { Signal } from "./generated/Signal";
import type { Host } from "./host";

type Reply = { ok: unknown } | { problem: unknown };

/** The same engine over HTTP on this machine, for a browser. The page carries the token that lets it in. */
export function loopback(token: string): Host {
  return {
    async call(name, args) {
      const response = await fetch("/call", {
        method: "POST",
        headers: { "content-type": "application/json", "x-tapline-token": token },
        body: JSON.stringify({ name, args }),
      });
      if (!response.ok) throw new Error(`The engine answered ${String(response.status)}.`);
      const reply = (await response.json()) as Reply;
      if ("problem" in reply) throw reply.problem;
      return reply.ok;
    },
    listen(on) {
      const stream = new EventSource(`/signals?token=${encodeURIComponent(token)}`);
      stream.onmessage = (message: MessageEvent<string>) => on(JSON.parse(message.data) as Signal);
    },
  };
}

export function tokenInPage(): string | null {
  return document.querySelector<HTMLMetaElement>('meta[name="tapline-token"]')?.content ?? null;
}
