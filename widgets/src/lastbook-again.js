/**
 * `<lastbook-again limit horizon heading>`: what this shopper will need again soon, and when it runs out.
 *
 * Only for a shopper whom the page has a token for; for others the shop's own children stay. `lastbook:reorder` is for
 * the shop, which puts `quantity` of `product` into its cart; who cancels it says more to the shopper than that. "Later"
 * and "not using it any more" are kept on the server, and can be undone here.
 *
 * A list: light DOM, so that it looks like the shop. The shadow root holds nothing but a slot for it.
 *
 * @typedef {{id: string, title: string, url: string, image?: string | null, price_minor: number,
 *   sale_price_minor?: number | null, currency: string, variant: string | null, quantity: number, token: string, runs_out_on: string,
 *   earliest_on: string, latest_on: string}} Item
 */

const DEADLINE_MS = 800;

/** `make("p", { className: "when" }, "text")`: strings become text nodes, whatever they look like. */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.className &&= "lastbook-" + element.className;
  element.append(...children.filter(Boolean));
  return element;
}

/** @param {import("./kit.js").Kit} kit */
export function mount({ host, text, ask, day, draw, fill, get, money, safeUrl, say, signedIn, state, watch }) {
  /** The shop's own children while ours stand in their place. */
  let own;
  let today;
  /** Choices are sent one after the other: a newer question would silence an older one. */
  let sent;
  const told = make("p", { className: "told", role: "status" });
  draw(["slot", {}]);
  host.name = "again"; // as events name their slot
  document.adoptedStyleSheets.push(host.shadowRoot.adoptedStyleSheets[0]);
  return refresh;

  async function refresh() {
    sent = Promise.resolve();
    state("loading");
    if (!signedIn()) return end("empty", { why: "nobody is signed in" });
    try {
      const answer = await ask("again:list", { limit: number("limit"), horizon_days: number("horizon") }, DEADLINE_MS);
      const items = answer.items.filter((item) => safeUrl(item.url));
      today = answer.today;
      if (!items[0]) return end("empty", answer);
      if (say("render", answer, true)) show(items);
      end("ready", answer);
    } catch ({ message }) {
      end("error", { reason: message });
    }
  }

  function number(name) {
    const value = parseInt(get(name));
    return value >= 0 ? value : undefined;
  }

  function end(now, detail) {
    if (own && now !== "ready") {
      host.replaceChildren(...own);
      own = undefined;
    }
    state(now, detail);
  }

  /** @param {Item[]} items */
  function show(items) {
    const heading = get("heading") ?? text.heading;
    const list = make("ul", { className: "supplies", role: "list", ariaLabel: heading }, ...items.map(row));
    told.textContent = "";
    own ??= [...host.childNodes];
    host.replaceChildren(make("h2", {}, heading), list, told);
  }

  /** @param {Item} item */
  function row(item) {
    const { id: product, title, quantity, token, variant } = item;
    const element = make("li", { className: "supply" });
    const did = (type) => window.lastbook.track(type, product, host.name, token);
    const button = (name, label, onclick) =>
      make("button", { type: "button", className: name, onclick }, label, make("span", { className: "unseen" }, title));
    const later = button("later", text.later, () => choose("snooze", (until) => fill(text.snoozed, date(until))));
    const stop = button("stop", text.stop, () => choose("stop", () => text.stopped));
    const buy = button("reorder", fill(text.buy, quantity), () => {
      did("cart");
      if (say("reorder", { product, quantity, variant, item }, true)) tell(text.bought, buy);
    });
    const undo = button("undo", text.undo, () => send("undo", () => (list(), later.focus(), (told.textContent = text.undone))));
    const link = make("a", { href: safeUrl(item.url) }, picture(item), make("span", {}, make("span", { className: "title" }, title), price(item)));
    link.onclick = () => did("click");
    list();
    watch(element, item);
    return element;

    function list() {
      element.replaceChildren(link, when(item), buy, later, stop);
    }

    /** In the row, and said aloud. */
    function tell(words, next) {
      element.replaceChildren(link, make("p", { className: "note" }, words), next);
      next.focus();
      told.textContent = words;
    }

    function choose(act, words) {
      send(act, ({ until }) => tell(words(until), undo));
    }

    function send(act, then) {
      sent = sent.then(async () => {
        try {
          const answer = await ask("again:" + act, { product });
          then(answer);
          say(act, { product, until: answer.until });
        } catch {
          told.textContent = text.failed;
        }
      });
    }
  }

  function picture({ image }) {
    const src = safeUrl(image);
    return make("span", { className: "image" }, src && make("img", { alt: "", loading: "lazy", decoding: "async", src }));
  }

  function price({ price_minor, sale_price_minor, currency }) {
    const lower = sale_price_minor !== null && sale_price_minor < price_minor;
    return make("span", { className: "price" }, money(lower ? sale_price_minor : price_minor, currency));
  }

  /** @param {Item} item */
  function when({ runs_out_on: day, earliest_on: from, latest_on: until }) {
    const time = make("time", { dateTime: day }, date(day));
    const [before, after] = (day < today ? text.over : text.around).split("{0}");
    return make("p", { className: "when" }, before, time, after, make("small", {}, fill(text.between, date(from), date(until))));
  }

  /** 2026-05-01, or a moment, without its year. */
  function date(text) {
    return day(text, { dateStyle: undefined, month: "short", day: "numeric", timeZone: text[10] ? undefined : "UTC" });
  }
}
