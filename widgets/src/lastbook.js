/**
 * Lastbook in a shop's page: `<lastbook-slot>` fills itself with products for one shopper.
 *
 * One file on purpose: no second round trip, and never two files of different age in a cache. Text stays text
 * (no innerHTML), so it runs under a strict Content-Security-Policy with Trusted Types.
 *
 * @typedef {{id: string, title: string, url: string, image?: string | null, brand?: string, price_minor?: number,
 *   sale_price_minor?: number | null, currency?: string}} Product
 * @typedef {{name: string, strategy: string, source: string, heading?: string, why?: string | null,
 *   products: Product[]}} Filling
 */

const DEADLINE_MS = 800;
const IMPRESSION_MS = 1000;
const SENT_AT_ONCE = 50;

const here = new URL(import.meta.url);
const sheetUrl = new URL("lastbook.css", here).href;
const script =
  [...document.scripts].find((tag) => tag.src === here.href) ?? document.querySelector("script[data-key]");
const key = script?.dataset.key;
let token = script?.dataset.token || undefined;

const WORDS = {
  en: { previous: "Previous products", next: "Next products", before: "Regular price", now: "Sale price" },
  zh: { previous: "上一组商品", next: "下一组商品", before: "原价", now: "优惠价" },
};
const language = document.documentElement.lang || navigator.language;
const words = language.startsWith("zh") ? WORDS.zh : WORDS.en;

/* ---- the wire: one question for all slots, one beacon for all events ---- */

/** Ask for many slots at once; rejects after the deadline, on a refusal, and on a broken answer. */
async function ask(slots, signal) {
  // A string is sent as text/plain, so the browser needs no preflight.
  const body = JSON.stringify({ key, token, slots });
  const options = { method: "POST", body, signal, credentials: "omit" };
  const response = await fetch(here.origin + "/public/v1/slots", options);
  if (!response.ok) throw new Error("status " + response.status);
  return (await response.json()).slots;
}

/** The looks, once a page: a linked stylesheet of ours, or a constructed one, which `style-src 'self'` allows. */
const looks = once(async () => {
  if ([...document.querySelectorAll("link")].some((link) => link.href === sheetUrl)) return;
  const sheet = new CSSStyleSheet();
  const response = await fetch(sheetUrl, { credentials: "omit" });
  if (!response.ok) throw new Error("status " + response.status);
  sheet.replaceSync(await response.text());
  document.adoptedStyleSheets.push(sheet);
});

let events = [];

/** Note what a shopper did: `track("cart", "123")`. Sent when the page hides. */
function track(type, product, slot) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  events.push({ id, type, product: String(product), slot, at: new Date().toISOString() });
  if (events.length >= SENT_AT_ONCE) flush();
}

function flush() {
  if (!events.length) return;
  const body = JSON.stringify({ key, token, events });
  if (navigator.sendBeacon(here.origin + "/public/v1/events", body)) events = [];
}

/** Name the shopper by a token that the shop's server signed; slots already filled are asked for again. */
function identify(newToken) {
  if (newToken === token) return;
  flush(); // what happened before belongs to the shopper before
  token = newToken || undefined;
  document.querySelectorAll("lastbook-slot").forEach((slot) => slot.refresh?.());
}

/** Forget the shopper, at sign-out. */
function reset() {
  identify(undefined);
}

/* ---- the card: one product as elements ---- */

/** `make("p", "note", "text")`: strings become text nodes, whatever they look like. */
function make(tag, name, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = "lastbook-" + name;
  element.append(...children);
  return element;
}

/** The address if a page may carry it, else undefined. http only where the page itself is http. */
function safeUrl(text) {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const http = url.protocol === "http:" && location.protocol === "http:";
  return url.protocol === "https:" || http ? url.href : undefined;
}

/** 1099 of USD → "$10.99", of JPY → "¥1,099", of KWD → "KWD 1.099"; "" where the amount or the currency is none. */
function money(minor, currency) {
  if (!Number.isSafeInteger(minor)) return "";
  try {
    const format = new Intl.NumberFormat(language, { style: "currency", currency });
    return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
  } catch {
    return "";
  }
}

function price(product) {
  const regular = money(product.price_minor, product.currency);
  const sale = product.sale_price_minor < product.price_minor && money(product.sale_price_minor, product.currency);
  const line = make("span", "price");
  const labelled = (tag, label, text) => make(tag, "", make("span", "unseen", label + " "), text);
  if (regular && sale) line.append(labelled("ins", words.now, sale), " ", labelled("del", words.before, regular));
  else line.append(regular);
  return line;
}

function picture(product) {
  const image = make("img");
  const source = safeUrl(product.image);
  image.alt = ""; // the title stands beside it
  image.loading = "lazy";
  image.decoding = "async";
  if (source) image.src = source;
  return make("span", "image", ...(source ? [image] : []));
}

/** @param {Product} product */
function card(product, url) {
  const link = make("a", "");
  link.href = url;
  const lines = [make("span", "brand", product.brand ?? ""), make("span", "title", product.title), price(product)];
  link.append(picture(product), make("span", "text", ...lines));
  return make("li", "card", link);
}

/* ---- the element ---- */

/** The card of each product shown, for impressions: card → a function that reports it. */
const reports = new WeakMap();
const timers = new WeakMap();
const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      if (isIntersecting) timers.set(target, setTimeout(() => report(target), IMPRESSION_MS));
    }
  },
  { threshold: 0.5 },
);

function report(target) {
  seen.unobserve(target);
  if (document.visibilityState === "visible") reports.get(target)?.();
  else seen.observe(target); // a hidden page draws nothing, so this waits until it is looked at again
}

/**
 * A placement. Its children are the shop's own, shown until ours are ready, on failure, and without JavaScript.
 * Attributes: name, product, exclude (ids with commas or spaces), limit, layout (grid | carousel), heading.
 * `state` says where it is: idle, loading, ready, empty, error.
 */
class Slot extends HTMLElement {
  static observedAttributes = ["name", "product", "exclude", "limit", "heading"];

  /** Slots that wait for an answer. The first one near the screen asks for all: one request, no product twice. */
  static #waiting = new Set();
  static #near = new IntersectionObserver(
    (entries) => entries.some((entry) => entry.isIntersecting) && Slot.#askAll(),
    { rootMargin: "400px" },
  );

  static async #askAll() {
    if (document.prerendering) {
      document.addEventListener("prerenderingchange", () => Slot.#askAll(), { once: true });
      return;
    }
    const slots = [...Slot.#waiting];
    if (!slots.length) return;
    const turns = slots.map((slot) => slot.#begin());
    const control = new AbortController();
    const timer = setTimeout(() => control.abort(), DEADLINE_MS);
    const stopped = new Promise((_, reject) => (control.signal.onabort = () => reject(new Error("deadline"))));
    try {
      const answered = Promise.all([ask(slots.map((slot) => slot.#question()), control.signal), looks()]);
      const [fillings] = await Promise.race([answered, stopped]);
      slots.forEach((slot, at) => slot.#take(turns[at], fillings[at]));
    } catch (error) {
      slots.forEach((slot, at) => slot.#end(turns[at], "error", { reason: error.message }));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Counts questions: an answer to an older one is dropped. */
  #turn = 0;
  /** The shop's own children while ours stand in their place. */
  #fallback = null;

  get state() {
    return this.getAttribute("state") ?? "idle";
  }

  connectedCallback() {
    this.refresh();
  }

  disconnectedCallback() {
    this.#turn++;
    Slot.#waiting.delete(this);
    Slot.#near.unobserve(this);
  }

  attributeChangedCallback(name, before, after) {
    if (before === after || !this.isConnected) return;
    const shown = name === "heading" && this.#fallback && this.querySelector(".lastbook-head > h2");
    if (shown && after) shown.textContent = this.querySelector(".lastbook-list").ariaLabel = after;
    else this.refresh();
  }

  /** Ask again soon. Many calls within a frame are one question. */
  refresh() {
    if (!this.isConnected || !this.name) return;
    Slot.#waiting.add(this);
    if (!this.hasAttribute("state")) this.setAttribute("state", "idle");
    Slot.#near.unobserve(this); // observing anew reports once more where the slot stands
    Slot.#near.observe(this);
  }

  #begin() {
    Slot.#waiting.delete(this);
    Slot.#near.unobserve(this);
    this.setAttribute("state", "loading");
    return ++this.#turn;
  }

  #question() {
    const exclude = (this.exclude ?? "").split(/[\s,]+/).filter(Boolean);
    const limit = parseInt(this.limit, 10);
    return {
      name: this.name,
      product: this.product ?? undefined,
      exclude: exclude.length ? exclude : undefined,
      limit: limit > 0 ? limit : undefined,
    };
  }

  /** @param {Filling} filling */
  #take(turn, filling) {
    if (turn !== this.#turn) return;
    if (filling?.name !== this.name || !Array.isArray(filling.products)) {
      return this.#end(turn, "error", { reason: "answer" });
    }
    const shown = filling.products.filter((product) => product && product.title && safeUrl(product.url));
    if (!shown.length) return this.#end(turn, "empty", { why: filling.why });
    if (this.#say("render", filling, true)) this.#show(shown, this.heading ?? filling.heading ?? "");
    this.#end(turn, "ready", filling);
  }

  #end(turn, state, detail) {
    if (turn !== this.#turn) return;
    if (state !== "ready" && this.#fallback) {
      this.replaceChildren(...this.#fallback);
      this.#fallback = null;
    }
    this.setAttribute("state", state);
    this.#say(state, detail);
  }

  #say(name, detail, cancelable = false) {
    return this.dispatchEvent(new CustomEvent("lastbook:" + name, { detail, cancelable, bubbles: true }));
  }

  #show(products, heading) {
    const list = make("ul", "list", ...products.map((product) => this.#card(product)));
    list.setAttribute("role", "list"); // Safari forgets it is one when the bullets are gone
    if (heading) list.ariaLabel = heading;
    const head = make("div", "head", ...(heading ? [make("h2", "", heading)] : []), ...steps(list));
    this.#fallback ??= [...this.childNodes];
    this.replaceChildren(head, list);
  }

  #card(product) {
    const element = card(product, safeUrl(product.url));
    const note = (type) => {
      track(type, product.id, this.name);
      this.#say(type, { product });
    };
    const click = (event) => {
      if (event.button > 1) return;
      note("click");
      flush(); // the page may be gone in a moment
    };
    element.addEventListener("click", click);
    element.addEventListener("auxclick", click);
    reports.set(element, () => note("impression"));
    seen.observe(element);
    return element;
  }
}

/** The two buttons of a carousel; the stylesheet hides them in a grid. */
function steps(list) {
  const step = (name, sign) => {
    const button = make("button", "step lastbook-" + name);
    button.type = "button";
    button.ariaLabel = words[name];
    button.onclick = () => {
      const rtl = getComputedStyle(list).direction === "rtl" ? -1 : 1;
      list.scrollBy({ left: sign * rtl * list.clientWidth * 0.85 });
    };
    return button;
  };
  const buttons = [step("previous", -1), step("next", 1)];
  const update = () => {
    const room = list.scrollWidth - list.clientWidth;
    const at = Math.abs(list.scrollLeft);
    // Not `disabled`: that would drop the keyboard's focus at the last step.
    buttons[0].ariaDisabled = String(at < 4);
    buttons[1].ariaDisabled = String(at > room - 4);
    buttons.forEach((button) => (button.hidden = room < 4));
  };
  list.addEventListener("scroll", update, { passive: true });
  new ResizeObserver(update).observe(list);
  return buttons;
}

/** Attributes are the API; each one is a property as well. */
for (const name of ["name", "product", "exclude", "limit", "layout", "heading"]) {
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

/** Remember a promise; a failed one is tried again at the next call. */
function once(work) {
  let promise;
  return () => (promise ??= work().catch((error) => ((promise = undefined), Promise.reject(error))));
}

addEventListener("pagehide", flush);
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && flush());

if (!customElements.get("lastbook-slot")) {
  window.lastbook = Object.freeze({ track, identify, reset });
  customElements.define("lastbook-slot", Slot);
}
