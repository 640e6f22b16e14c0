/**
 * `<lastbook-custom product person options quantity region measure signin campaign>`: a product with the shopper's
 * choices and measurements. Prices and dates are the server's alone: the page asks, and says what it is told.
 *
 * `options` is a JSON object of answers to begin with; `measure` and `signin` are addresses of the shop's own pages;
 * with `campaign` it is preordered, in the `<lastbook-campaign>` of that id. What would put
 * a choice right, that a price has changed, and the order are in `lastbook-custom-more.js`.
 * The shop's children stay until the first answer, and where there is none.
 *
 * @typedef {{id: string, kind: "choice" | "text" | "number" | "measurement", label: string, required: boolean,
 *   shown: boolean, values: {id: string, label: string, price_minor: number, available: boolean,
 *   why_not: string | null}[], max_length: number | null, min: number | null, max: number | null, step: number | null,
 *   unit: string | null, key: string | null}} Option what its kind does not have is null, or no values; a value that
 *   conflicts with another answer says with which, and may be chosen all the same
 * @typedef {{code: string, rule: string | null, options: string[], message: string, fix: {option: string, act: string,
 *   values: any[], also?: {option: string, value: any}[]} | null}} Issue
 */

const TYPING_MS = 250;
const MOST_BUTTONS = 8;

addEventListener("lastbook:measure", () => {
  document.querySelectorAll("lastbook-custom").forEach((element) => element.refresh());
});

/** @param {import("./lastbook.js").Kit} kit */
export function mount(kit) {
  const { host, text, ask, day, draw, fill, get, language, money, more, safeUrl, state } = kit;
  /** What the shopper chose; the server knows the rest. null: none, although something would be put in. */
  let own;
  let about;
  /** The last answer, and whether it is of what was chosen last. */
  let answer;
  let asked;
  let fresh;
  let timer;
  let said = [];
  /** What is needed once the shopper acts, when it was fetched. */
  let acts;
  Object.assign(kit, { again, button, choose, current, put, question, tell }); // for the other module
  return refresh;

  function refresh() {
    const now = get("product") + get("options");
    if (now !== about) begin(now);
    soon(); // many changes at once are one question
  }

  function begin(now) {
    about = now;
    answer = undefined;
    try {
      own = { ...JSON.parse(get("options")) };
    } catch {
      own = {};
    }
    draw(["slot", {}]);
    state("loading");
  }

  /* ---- asking ---- */

  function soon(wait) {
    clearTimeout(timer);
    timer = setTimeout(question, wait);
  }

  function choose(changes, wait) {
    Object.assign(own, changes);
    fresh = false;
    soon(wait);
    show();
    prepare();
  }

  /** Whoever chooses, sees a conflict, or points at the button may need the rest. */
  async function prepare() {
    if (acts) return;
    acts = await more();
    if (acts && host.state === "ready") show();
  }

  function put(path, more) {
    const about = { product: get("product"), person: get("person"), region: get("region"), locale: language };
    return ask(path, { ...about, ...more });
  }

  async function question() {
    if (!host.isConnected) return;
    clearTimeout(timer);
    if (JSON.stringify(own) === asked) await prepare(); // it has words for another price
    const now = JSON.stringify(own);
    try {
      const next = await put("configure", { answers: own });
      if (!next.product.available) throw { status: 404 };
      take(next, now === asked ? answer?.result.price_minor : undefined);
      asked = now;
    } catch (error) {
      fail(error);
    }
  }

  /** @param before the price of the same choices a moment ago, if there was one */
  function take(next, before) {
    answer = next;
    fresh = true;
    said = acts?.changed(kit, next, before) ?? [];
    show();
    if (next.result.issues.some((issue) => issue.fix && marked(issue))) prepare();
    state("ready", { answers: next.answers, ...next.result });
  }

  function fail({ status, message }) {
    const gone = status === 404;
    fresh = false;
    if (answer && gone) draw(["p", { role: "status" }, text.ended ?? text.failed]); // with the other module
    else if (answer) tell(text.failed, button("again", text.again, question));
    state(gone ? (answer ? "ended" : "empty") : "error", { reason: message });
  }

  function tell(...now) {
    said = now;
    show();
  }

  /* ---- the page ---- */

  function show() {
    const { result, promise, withdrawal } = answer;
    const [made, needed] = [[], []];
    for (const option of answer.document.options) {
      if (option.shown) (option.kind === "measurement" ? needed : made).push(option);
    }
    const when = get("campaign") ? [] // it has dates of its own
      : promise ? [fill(text.ready, day(promise.ready_on)), fill(text.confirm, day(promise.confirm_by, { timeStyle: "short" }))]
      : [fill(text.days, result.lead_days)];
    draw(
      ...made.map(place),
      needed[0] && fit(needed),
      ["div", { part: "total", ariaLive: "polite", ariaBusy: !fresh },
        ["p", { part: "price" }, cost(result.price_minor)], ...when.map(line)],
      ["small", {}, parts(result)],
      ["p", { part: "notice", id: "notice" }, withdrawal.exempt && withdrawal.notice],
      button("order", get("campaign") ? text.reserve : text.order, order,
        { "aria-describedby": "notice", onpointerenter: prepare }),
      ["div", { part: "said", role: "status" }, ...said],
    );
  }

  function line(words) {
    return ["p", { part: "line" }, words];
  }

  function button(part, label, onclick, more) {
    return ["button", { part, type: "button", onclick, ...more }, label];
  }

  function cost(minor) {
    return money(minor, answer.product.currency);
  }

  function extra(minor) {
    return minor ? (minor > 0 ? "+" : "−") + cost(Math.abs(minor)) : "";
  }

  /** "Base price $128.00 · Sole +$20.00": as the server adds it up. */
  function parts({ prices, price_minor }) {
    const base = prices.reduce((left, part) => left - part.amount_minor, price_minor);
    const more = prices.map((part) => part.label + " " + extra(part.amount_minor));
    return more[0] && [fill(text.base, cost(base)), ...more].join(" · ");
  }

  /** One option: its control, and below it what is wrong with it. */
  function place(option) {
    const { id, kind, label, required, values } = option;
    const wrong = issues(id);
    const value = (id in own ? own : answer.answers)[id] ?? "";
    const box = { id: "box-" + id, part: wrong[0] ? "option wrong" : "option", "aria-describedby": "wrong-" + id };
    const below = ["div", { part: "issue", id: "wrong-" + id }, ...wrong];
    const onchange = ({ target }) => choose({ [id]: target.value || null });
    const few = kind === "choice" && values.length <= MOST_BUTTONS;
    const offers = required && few ? values : [{ id: "", label: required ? "" : text.none }, ...values];
    if (few) {
      const radios = offers.map((offer) => [
        "label", { part: "value" }, ["input", { type: "radio", name: id, onchange, ...picked(offer, "checked") }],
        ["span", {}, offer.label, ...remarks(offer, value).map((remark) => ["small", {}, remark])],
      ]);
      return ["fieldset", box, ["legend", {}, label], ["div", { part: "values" }, ...radios], below];
    }
    const field = { part: "field", id: "field-" + id, "aria-describedby": "wrong-" + id };
    const entries = offers.map((offer) => [
      "option", picked(offer, "selected"), [offer.label, ...remarks(offer, value)].join(" · "),
    ]);
    const control = kind === "choice" ? [["select", { ...field, onchange }, ...entries]] : typed(option, { ...field, value });
    return ["div", box, ["label", { htmlFor: field.id }, label], ...control, below];

    function picked(offer, name) {
      return { value: offer.id, [name]: offer.id === value, disabled: offer.available === false };
    }
  }

  /** What a value costs more, and what speaks against it; of the chosen one that is said below. */
  function remarks({ id, price_minor, why_not }, value) {
    return [extra(price_minor), id !== value && why_not].filter(Boolean);
  }

  function typed({ id, kind, min, max, step, unit, max_length }, field) {
    const number = kind === "number";
    const oninput = ({ target: { value }, isComposing }) => {
      choose({ [id]: value ? (number ? +value : value) : null }, TYPING_MS * (isComposing ? 6 : 1));
    };
    const recorded = answer.prefilled[id] === "personal" && text.personal;
    const limits = number ? { type: "number", min, max, step } : { maxLength: max_length };
    return [["input", { ...limits, ...field, oninput, autocomplete: "off" }],
      ["small", {}, number ? unit : fill(text.length, max_length), recorded && " · " + recorded]];
  }

  function issues(id) {
    return answer.result.issues
      .filter((issue) => issue.options.includes(id) && marked(issue))
      .flatMap(({ message, fix }) => [["p", {}, message], ...(acts?.fixes(kit, answer, fix) ?? [])]);
  }

  /** What is merely open yet is marked once an order was tried. */
  function marked({ code, rule }) {
    return kit.tried || rule || code !== "missing";
  }

  /* ---- the fit ---- */

  function fit(needed) {
    const { who, consent, ready, missing, stale } = answer.fit;
    const list = (name, wanted) => {
      const labels = needed.filter(({ key }) => wanted(key)).map(({ label }) => label).join(", ");
      return line(labels && fill(text[name], labels));
    };
    const open = (key) => missing.includes(key);
    const lines = who === "stranger" ? [line(text.stranger), link("signin")]
      : !consent ? [line(text.consent), link("measure")]
      : [list("recorded", (key) => !open(key)), list("missing", open), list("stale", (key) => stale.includes(key)),
        (!ready || stale[0]) && link("measure")];
    const wrong = answer.result.issues.filter(({ code }) => code === "out_of_range").map(({ message }) => line(message));
    return ["div", { part: ready ? "fit" : "fit wrong" }, ["strong", {}, text.fit], ...lines, ...wrong];
  }

  function link(name) {
    const href = get(name) && safeUrl(get(name), document.baseURI);
    return href && ["a", { part: "link", href }, text[name]];
  }

  /* ---- the order ---- */

  /** An order is of what is seen, at the price that is seen. */
  async function order() {
    const seen = answer.result.price_minor;
    await prepare();
    if (acts) acts.order(kit, seen);
    else fail({});
  }

  /** The answer to what was chosen last, if it is there. */
  function current() {
    return fresh && answer;
  }

  /** How it is now, which says why: another price, another rule, a measurement that is gone; else in these words. */
  async function again(words) {
    await question();
    if (!said[0]) tell(words);
  }
}
