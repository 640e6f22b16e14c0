/** Later: an element whose module, with its words and looks, is fetched when the first of its kind comes near the screen. */

import { money, safeUrl } from "./card.js";
import { watch } from "./events.js";
import { attempt, awake, beside, language, say, spokenIn } from "./page.js";
import { Placed } from "./placed.js";
import { signedIn } from "./shopper.js";
import { post } from "./wire.js";

/** Its children are the shop's own, shown until the module draws something in their place. */
export class Later extends Placed {
  static observedAttributes = ["product", "person", "options", "profile", "fields", "campaign", "limit", "horizon"];
  #view;

  connectedCallback() {
    if (this.#view) this.refresh();
    else this.approach();
  }

  disconnectedCallback() {
    this.leave();
    this.#view?.stop();
  }

  /** Ask again. */
  refresh() {
    if (this.isConnected) this.#view?.refresh();
  }

  async arrive() {
    this.leave();
    try {
      await awake();
      const { open } = await import(beside(`${this.localName}-${spokenIn(language)}.js`));
      this.#view ??= open(this, { attempt, language, money, post, safeUrl, say, signedIn, watch });
      this.refresh();
    } catch ({ message }) {
      this.become("error", { reason: message });
    }
  }
}
