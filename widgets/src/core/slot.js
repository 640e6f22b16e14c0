/** Slot: a placement on a page. */

import { card, make, safeUrl } from "./card.js";
import { steps } from "./carousel.js";
import { expose, flush, note, watch } from "./events.js";
import { awake, beside, language, region, tagOf, say, wordsIn } from "./page.js";
import { Placed } from "./placed.js";
import { recall } from "./shopper.js";
import { askSlots, looks } from "./wire.js";

const DEADLINE_MS = 800;
const MOST_AT_ONCE = 50;
const MOST_IDS = 200;
const ASKED = ["name", "product", "person", "category", "currency"];

/** What is in the cart, as the page told last; null where it did not. */
let inCart = null;
export const setCart = (ids) => (inCart = ids.join());

/** Rejects when `work` takes too long; it goes on, and what it brings is there for the next question. */
const inTime = (work) =>
  Promise.race([work, new Promise((_, no) => setTimeout(no, DEADLINE_MS, Error("deadline")))]);

/** An answer that fits the question, or a rejection. */
async function ask(page, keep) {
  const answer = await askSlots(page);
  const fits = ({ name }, at) => answer.slots[at].name === name && answer.slots[at].products.at;
  if (!page.slots.every(fits)) throw Error("answer");
  keep(answer);
  return answer;
}

/**
 * A placement. Its children are the shop's own, shown until ours are ready, on failure, and without JavaScript.
 * Attributes: name, product, person, category, cart and exclude (ids with commas or spaces), limit, layout (grid |
 * carousel), heading, reason (`show` or `none`), loading (`eager` asks at once), locale, currency.
 * `state` says where it is: idle, loading, ready, empty, error. What the server has rendered is marked `included`.
 */
export class Slot extends Placed {
  static observedAttributes = [...ASKED, "cart", "exclude", "limit", "heading", "reason", "locale"];

  /** Slots that wait for an answer. The first one near the screen asks for all: one request, no product twice. */
  static #waiting = new Set();

  static async #askAll() {
    await awake();
    const [first, ...others] = Slot.#waiting;
    if (!first) return;
    const locale = first.#tag(); // one language a question; a page mostly has one
    const slots = [first, ...others.filter((slot) => slot.#tag() === locale)].slice(0, MOST_AT_ONCE);
    const turns = slots.map((slot) => slot.#begin());
    const page = { slots: slots.map((slot) => slot.#question()), locale, region };
    Slot.#askAll();
    try {
      const { answer, fresh, keep } = recall(page);
      const asked = fresh ? answer : ask(page, keep);
      if (answer && !fresh) asked.catch(() => {}); // what is known is shown, the newer answer is for the next page
      const own = slots.some((slot) => slot.#template()) && import(beside("lastbook-template.js"));
      const all = Promise.all([answer ?? asked, wordsIn(locale), own, looks()]);
      const [{ slots: fillings }, words, { bind }] = await inTime(all);
      slots.forEach((slot, at) => slot.#take(turns[at], fillings[at], words, bind));
    } catch ({ message }) {
      slots.forEach((slot, at) => slot.#end(turns[at], "error", { reason: message }));
    }
  }

  /** Counts questions: an answer to an older one is dropped. */
  #turn = 0;
  /** The shop's own children while ours stand in their place. */
  #fallback = null;
  /** The layout that an answer gave; one that the page wrote wins. */
  #laid;

  connectedCallback() {
    this.addEventListener("click", this);
    this.addEventListener("auxclick", this);
    if (this.hasAttribute("included")) this.#adopt();
    else this.refresh();
  }

  disconnectedCallback() {
    this.#begin();
  }

  /** Ask again soon. Many calls within a frame are one question. */
  refresh() {
    if (!this.isConnected || !this.name || this.hasAttribute("included")) return;
    this.#turn++;
    Slot.#waiting.add(this);
    this.setAttribute("state", this.state);
    if (this.loading === "eager") Slot.#askAll();
    else this.approach();
  }

  arrive() {
    Slot.#askAll();
  }

  /** What is on the page is seen anew, or asked for where it could not be shown. */
  rearm() {
    if (this.state === "ready") this.#cards().forEach((one) => one.product && watch(one, one.product));
    else this.refresh();
  }

  #cards() {
    return this.querySelectorAll(".lastbook-card");
  }

  /** Of a click. */
  handleEvent({ target, button }) {
    const hit = target.closest("a,[data-lb=add]");
    const shown = hit?.closest(".lastbook-card");
    if (!shown?.product || button > 1) return;
    if (hit.localName !== "a") return note(shown, "cart", "add");
    note(shown, "click");
    flush(); // the page may be gone in a moment
  }

  /** The shop's own card. */
  #template() {
    return (this.#fallback ?? [...this.children]).find((node) => node.localName === "template");
  }

  #tag() {
    return this.locale ? tagOf(this.locale) : language;
  }

  #begin() {
    Slot.#waiting.delete(this);
    this.leave();
    return ++this.#turn;
  }

  #question() {
    this.setAttribute("state", "loading");
    const question = { limit: Math.max(0, Math.min(parseInt(this.limit), MOST_AT_ONCE)) || undefined };
    for (const name of ASKED) question[name] = this[name] || undefined;
    const ids = { cart: this.cart ?? inCart, exclude: this.exclude };
    for (const name in ids) question[name] = ids[name]?.match(/[^\s,]+/g)?.slice(0, MOST_IDS);
    return question;
  }

  /** @param {Filling} filling */
  #take(turn, filling, words, bind) {
    if (turn !== this.#turn) return;
    expose(this.name, filling.exposure);
    const products = filling.products.filter((product) => product?.title && safeUrl(product.url));
    if (!products[0]) return this.#end(turn, "empty", filling);
    if (say(this, "render", filling, true)) this.#show(products, filling, words, bind);
    this.#end(turn, "ready", filling);
  }

  #end(turn, state, detail) {
    if (turn !== this.#turn) return;
    if (state !== "ready" && this.#fallback) {
      this.replaceChildren(...this.#fallback);
      this.#fallback = null;
    }
    this.become(state, detail);
  }

  #show(products, { heading: given, layout, fields }, words, bind) {
    this.#fallback ??= [...this.childNodes];
    if (layout && this.layout == this.#laid) this.layout = this.#laid = layout;
    const heading = this.heading ?? given;
    const how = {
      shows: (field) => (field === "reason" && this.reason ? this.reason !== "none" : fields.includes(field)),
      template: this.#template(),
      bind,
      locale: this.#tag(),
      words,
    };
    const list = make("ul", "list", ...products.map((product) => card(product, how)));
    list.role = "list"; // Safari forgets it is one when the bullets are gone
    if (heading) list.ariaLabel = heading;
    const head = make("div", "head", heading && make("h2", "", heading), ...steps(list, words));
    this.replaceChildren(head, list);
    this.#cards().forEach((one, at) => watch(one, products[at]));
  }

  /** The server made what we would, so nothing is asked; it only has to live. */
  async #adopt() {
    const turn = this.#begin();
    this.removeAttribute("included");
    const needed = [import(beside("lastbook-included.js")), wordsIn(this.#tag()), awake().then(looks)];
    const [{ adopt } = {}, words] = await Promise.all(needed).catch(() => []);
    if (turn !== this.#turn || !words) return;
    this.#fallback = [...this.childNodes];
    expose(this.name, this.dataset.lbExposure);
    this.#end(turn, adopt(this, words, steps, watch));
  }
}

/** Attributes are the API; each one is a property as well. */
for (const name of [...Slot.observedAttributes, "layout", "loading"]) {
  Object.defineProperty(Slot.prototype, name, {
    get() {
      return this.getAttribute(name);
    },
    set(value) {
      if (value == null) this.removeAttribute(name);
      else this.setAttribute(name, value);
    },
  });
}
