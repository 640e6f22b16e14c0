/**
 * Lastbook in a shop's page: `<lastbook-slot>` fills itself with products for one shopper.
 *
 * One file for what most pages show: no second round trip. Text stays text (no innerHTML), so it runs under a strict
 * Content-Security-Policy with Trusted Types. `<lastbook-custom>`, `<lastbook-measure>` and `<lastbook-campaign>` are
 * modules of their own, fetched when the first of their kind comes near the screen.
 *
 * @typedef {{id: string, title: string, url: string, image?: string | null, brand?: string, price_minor?: number,
 *   sale_price_minor?: number | null, currency?: string,
 *   made?: {text: string | null, price_minor: number | null}}} Product
 * @typedef {{name: string, strategy: string, source: string, heading?: string, why?: string | null,
 *   products: Product[]}} Filling
 * @typedef {[string, object, ...Wanted[]] | Node | string} Wanted an element as `draw` takes it, a node, or text
 * @typedef {{host: HTMLElement, text: Record<string, string>, language: string, signedIn: () => boolean,
 *   get: (attribute: string) => string | undefined, ask: (path: string, question: object, patienceMs?: number) => Promise<any>,
 *   draw: (...wanted: Wanted[]) => void, fill: typeof fill, money: typeof money, day: typeof day,
 *   safeUrl: typeof safeUrl, state: (state: string, detail?: object) => void,
 *   say: (name: string, detail?: object, cancelable?: boolean) => boolean}} Kit what a further element's module gets;
 *   `text` has its words in the page's language
 */

const DEADLINE_MS = 800;
const IMPRESSION_MS = 1000;
const PATIENCE_MS = 5000;
const SENT_AT_ONCE = 50;
const LATER = ["custom", "measure", "campaign", "again"].map((name) => "lastbook-" + name);

const here = new URL(import.meta.url);
const API = here.origin + "/public/v1/";
const beside = (name) => new URL(name, here).href;
const script =
  [...document.scripts].find((tag) => tag.src === here.href) ?? document.querySelector("script[data-key]");
const key = script?.dataset.key;
let token = script?.dataset.token || undefined;

const WORDS = {
  en: { previous: "Previous products", next: "Next products", before: "Regular price", now: "Sale price" },
  zh: { previous: "上一组商品", next: "下一组商品", before: "原价", now: "优惠价" },
};
const language = document.documentElement.lang || navigator.language;
const spoken = language.startsWith("zh") ? "zh" : "en";
const words = WORDS[spoken];

/* ---- the wire: one question for all slots, one beacon for all events ---- */

/** Ask an address of ours; rejects on a refusal (with what it says), on a broken answer, and by `signal`. */
async function post(path, question, signal) {
  // A string is sent as text/plain, so the browser needs no preflight.
  const body = JSON.stringify({ key, token, ...question });
  const response = await fetch(API + path, { credentials: "omit", method: "POST", body, signal });
  return (await checked(response)).json();
}

async function checked(response) {
  const { ok, status } = response;
  if (ok) return response;
  throw Object.assign(new Error("status " + status), await response.json().catch(() => {}), { status });
}

/** A stylesheet of ours as an object, which `style-src 'self'` allows, and which a shadow root can hold. */
async function readSheet(url) {
  const response = await checked(await fetch(url, { credentials: "omit" }));
  return new CSSStyleSheet().replace(await response.text());
}

/** The looks of the slots, once a page, unless the shop links them. */
const looks = once(async () => {
  const url = beside("lastbook.css");
  if ([...document.querySelectorAll("link")].some((link) => link.href === url)) return;
  document.adoptedStyleSheets.push(await readSheet(url));
});

let events = [];

/** Note what a shopper did: `track("cart", "123")`. Sent when the page hides. */
function track(type, product, slot) {
  const id = crypto.getRandomValues(new Uint32Array(4)).join("-");
  events.push({ id, type, product: String(product), slot, at: new Date().toISOString() });
  if (events.length >= SENT_AT_ONCE) flush();
}

function flush() {
  if (!events.length) return;
  const body = JSON.stringify({ key, token, events });
  if (navigator.sendBeacon(API + "events", body)) events = [];
}

/** Name the shopper by a token that the shop's server signed; what is already shown is asked for again. */
function identify(newToken) {
  if (newToken === token) return;
  flush(); // what happened before belongs to the shopper before
  token = newToken || undefined;
  document.querySelectorAll("lastbook-slot," + LATER).forEach((element) => element.refresh?.());
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
function safeUrl(text, base) {
  if (!URL.canParse(text, base)) return;
  const url = new URL(text, base);
  const http = url.protocol === "http:" && location.protocol === "http:";
  if (url.protocol === "https:" || http) return url.href;
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

/** What is made to this shopper's measure has a price of its own, and no other beside it. */
function price({ made, price_minor, sale_price_minor, currency }) {
  const own = made?.price_minor;
  const regular = money(own ?? price_minor, currency);
  const sale = own == null && sale_price_minor < price_minor && money(sale_price_minor, currency);
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
  const lines = [make("span", "brand", product.made?.text ?? product.brand ?? ""), make("span", "title", product.title), price(product)];
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
    await awake();
    const slots = [...Slot.#waiting];
    if (!slots.length) return;
    const turns = slots.map((slot) => slot.#begin());
    const control = new AbortController();
    const timer = setTimeout(() => control.abort(), DEADLINE_MS);
    const stopped = new Promise((_, reject) => (control.signal.onabort = () => reject(new Error("deadline"))));
    try {
      const questions = slots.map((slot) => slot.#question());
      const answered = Promise.all([post("slots", { slots: questions }, control.signal), looks()]);
      const [{ slots: fillings }] = await Promise.race([answered, stopped]);
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
    const limit = parseInt(this.limit);
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
    if (say(this, "render", filling, true)) this.#show(shown, this.heading ?? filling.heading ?? "");
    this.#end(turn, "ready", filling);
  }

  #end(turn, state, detail) {
    if (turn !== this.#turn) return;
    if (state !== "ready" && this.#fallback) {
      this.replaceChildren(...this.#fallback);
      this.#fallback = null;
    }
    this.setAttribute("state", state);
    say(this, state, detail);
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
      say(this, type, { product });
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

/** 2026-12-08 or a moment → the day as it is written here; a day alone is the same day everywhere. */
function day(text, options = text.length > 10 ? {} : { timeZone: "UTC" }) {
  try {
    return new Intl.DateTimeFormat(language, { dateStyle: "long", ...options }).format(new Date(text));
  } catch {
    return text;
  }
}

/** `fill("{0} of {1}", 1, 2)` → "1 of 2". */
function fill(text, ...values) {
  return text.replace(/{(\d)}/g, (_, at) => values[at]);
}

/**
 * Make the children of `parent` what is wanted, and keep the elements that are already there (by tag and id), so that
 * neither focus nor half-typed words are lost. Strings become text nodes, whatever they look like; a node is itself.
 */
function draw(parent, ...wanted) {
  let at = parent.firstChild;
  for (const one of wanted.filter(Boolean)) {
    const [tag, properties, ...children] = Array.isArray(one) ? one : ["", {}];
    let node = at;
    const fits = () =>
      one.nodeType ? node === one : tag ? node.localName === tag && node.id === (properties.id ?? "") : node.nodeType === 3;
    while (node && !fits()) node = node.nextSibling;
    while (node && at !== node) at = drop(at);
    node ??= parent.insertBefore(one.nodeType ? one : tag ? document.createElement(tag) : new Text(), at);
    at = node.nextSibling;
    if (tag) draw(change(node, properties), ...children);
    else if (node !== one && node.nodeValue !== one) node.nodeValue = one;
  }
  while (at) at = drop(at);
}

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function change(node, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (!(name in node)) node.setAttribute(name, value);
    else if (node[name] !== value && !(name === "value" && node.matches(":focus"))) node[name] = value;
  }
  return node;
}

/**
 * An element whose module is fetched when the first of its kind comes near the screen. Its children are the shop's
 * own, shown until the module draws something in their place.
 */
class Later extends HTMLElement {
  static observedAttributes = ["product", "person", "options", "profile", "fields", "campaign", "limit", "horizon"];
  static #near = new IntersectionObserver(
    (entries) => entries.forEach(({ target, isIntersecting }) => isIntersecting && target.#open()),
    { rootMargin: "400px" },
  );
  #view;
  #control;

  get state() {
    return this.getAttribute("state") ?? "idle";
  }

  connectedCallback() {
    if (this.#view) this.refresh();
    else Later.#near.observe(this);
  }

  disconnectedCallback() {
    Later.#near.unobserve(this);
    this.#control?.abort();
    this.#control = undefined;
  }

  attributeChangedCallback(name, before, after) {
    if (before !== after) this.refresh();
  }

  /** Ask again. */
  refresh() {
    if (this.isConnected) this.#view?.();
  }

  async #open() {
    Later.#near.unobserve(this);
    try {
      await awake();
      const { mount, text, looks } = await import(beside(`${this.localName}-${spoken}.js`));
      const sheet = await new CSSStyleSheet().replace(looks);
      this.#view ??= mount(this.#kit(sheet, text));
      this.refresh();
    } catch (error) {
      this.#state("error", { reason: error.message });
    }
  }

  #state(state, detail) {
    this.setAttribute("state", state);
    say(this, state, detail);
  }

  /** One question at a time: a newer one silences the older, which then never answers. */
  #ask(path, question, wait = PATIENCE_MS) {
    this.#control?.abort();
    const control = (this.#control = new AbortController());
    setTimeout(() => control.abort(), wait);
    return new Promise((resolve, reject) => {
      const still = (settle) => (value) => control === this.#control && settle(value);
      post(path, question, control.signal).then(still(resolve), still(reject));
    });
  }

  /** @returns {Kit} */
  #kit(sheet, text) {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    return {
      host: this, text, language, fill, money, day, safeUrl,
      signedIn: () => !!token,
      get: (name) => this.getAttribute(name) ?? undefined,
      ask: (...said) => this.#ask(...said),
      draw: (...wanted) => draw(root, ...wanted),
      state: (state, detail) => this.#state(state, detail),
      say: (...said) => say(this, ...said),
    };
  }
}

function say(element, name, detail, cancelable = false) {
  return element.dispatchEvent(new CustomEvent("lastbook:" + name, { detail, cancelable, bubbles: true }));
}

/** Resolves once somebody looks at the page: nothing is asked for while it is prerendered. */
async function awake() {
  if (document.prerendering) await new Promise((done) => document.addEventListener("prerenderingchange", done));
}

/** Remember a promise; a failed one is tried again at the next call. */
function once(work) {
  let promise;
  return () => (promise ??= work().catch((error) => ((promise = undefined), Promise.reject(error))));
}

addEventListener("pagehide", flush);
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && flush());

if (!customElements.get("lastbook-slot")) {
  // `reset` forgets the shopper, at sign-out.
  window.lastbook = Object.freeze({ track, identify, reset: () => identify() });
  customElements.define("lastbook-slot", Slot);
  for (const name of LATER) customElements.define(name, class extends Later {});
}
