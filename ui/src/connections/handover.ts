import type { KeyDrop } from "../backend/generated/KeyDrop";
import type { ConnectionForm } from "./form.svelte";

/** Carries a form over a change of address: after the first save it goes on under the connection's own. */
class Handover {
  #form: ConnectionForm | null = null;
  #drop: KeyDrop | null = null;

  /** The connection that was open last: the list gives its row the focus back. */
  left: string | null = null;

  over(form: ConnectionForm): void {
    this.#form = form;
  }

  holds(form: ConnectionForm): boolean {
    return this.#form === form;
  }

  /** The form of this connection, once. */
  take(connection: string): ConnectionForm | null {
    const form = this.#form?.saved?.id === connection ? this.#form : null;
    if (form) this.#form = null;
    return form;
  }

  /** A key that was dropped where no form was open: the next one begins with it, or with why it will not do. */
  overKey(drop: KeyDrop): void {
    this.#drop = drop;
  }

  takeKey(): KeyDrop | null {
    const drop = this.#drop;
    this.#drop = null;
    return drop;
  }
}

export const hand = new Handover();
