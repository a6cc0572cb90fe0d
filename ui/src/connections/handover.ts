import type { KeyOffer } from "../backend/generated/KeyOffer";
import type { ConnectionForm } from "./form.svelte";

/** Carries a form over a change of address: after the first save it goes on under the connection's own. */
class Handover {
  #form: ConnectionForm | null = null;
  #offer: KeyOffer | null = null;

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

  /** A key that was dropped where no form was open: the next one begins with it. */
  overKey(offer: KeyOffer): void {
    this.#offer = offer;
  }

  takeKey(): KeyOffer | null {
    const offer = this.#offer;
    this.#offer = null;
    return offer;
  }
}

export const hand = new Handover();
