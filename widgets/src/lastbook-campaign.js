/**
 * `<lastbook-campaign campaign checkout link region signin>`: a preorder campaign, and the way into it.
 *
 * `checkout` is `hosted` (joining leads to the payment page) or `event` (the shop goes on itself, told by
 * `lastbook:reserve`, which may be cancelled for `hosted` too); `link` is the address of a preorder, for a guest who
 * comes back; `signin` is an address of the shop's own. Times, prices and counts are the server's alone: digits tick
 * towards its end by its clock, and at the end it is asked what is true then. The shop's children stay until the first
 * answer, and where there is none.
 */

const PAYING_MS = 3e4;
const NOT_OVER = /^(sch|ear|ope|pau)/;
const TAKING = /^(ear|ope)/;
const UNPAID = /^(fai|act)/;
const GONE = /^(exp|can)/;
const LOCAL = /^(localhost|127[\d.]+|\[::1])$/;

function tail(address) {
  return address?.split("/").pop();
}

/** @param {import("./lastbook.js").Kit} kit */
export function mount({ host, text, ask, day, draw, fill, get, language, money, more, safeUrl, say, signedIn, state }) {
  let card;
  /** The shopper's own preorder of this campaign. */
  let mine;
  /** The last part of a preorder's address: whoever has it may act. */
  let link;
  let about;
  /** The server's clock less ours. */
  let ahead;
  let timer;
  /** The end at which the server was asked again. */
  let reached;
  let at;
  let quantity;
  let busy;
  let said;
  addEventListener("pageshow", ({ persisted }) => persisted && refresh()); // back from the payment
  return refresh;

  function refresh() {
    const now = get("campaign") + signedIn();
    busy = false;
    said = [];
    if (now !== about) {
      about = now;
      card = mine = link = undefined;
      quantity = 1;
      at = -1;
      draw(["slot", {}]);
      state("loading");
    }
    read();
  }

  async function read() {
    clearTimeout(timer);
    link = tail(get("link")) ?? link;
    try {
      // Without the token: what anybody may see.
      const answer = await ask("campaigns", { token: undefined, campaigns: [get("campaign")], locale: language });
      card = answer.campaigns[0];
      if (!card) return draw(["slot", {}]), state("empty");
      ahead = Date.parse(answer.now) - Date.now();
      const all = choices();
      if (!all[at] || all[at].sold_out) at = all.findIndex((one) => !one.sold_out);
      show();
      state(NOT_OVER.test(card.state) ? "ready" : "ended", card);
      if (link || signedIn()) await find();
    } catch ({ message, status }) {
      if (card) refused(status, "stale");
      else state("error", { reason: message });
    }
  }

  async function find() {
    const { preorders } = await ask("preorders:status", { link });
    const found = preorders.find((one) => one.campaign_id === card.id && !GONE.test(one.fulfilment));
    if (found) await more();
    mine = found;
    show();
  }

  function tell(...now) {
    said = now;
    show();
  }

  function choices() {
    return card.products.flatMap((product) => product.variants.map((variant) => ({ ...variant, ...product, label: variant.title || variant.variant_id })));
  }

  /* ---- time ---- */

  /** What is still to come, if anything, that a clock could count to. */
  function deadline() {
    return card.state === "scheduled" ? card.starts_at : NOT_OVER.test(card.state) && card.ends_at;
  }

  function moment(text) {
    return day(text, { timeStyle: "short" });
  }

  function rest() {
    return Date.parse(deadline()) - Date.now() - ahead;
  }

  function digits() {
    const left = Math.max(0, rest());
    return fill(text.days, ~~(left / 864e5), new Date(left).toISOString().slice(11, 19));
  }

  function tick() {
    clearTimeout(timer);
    const end = deadline();
    if (!end || !host.isConnected) return;
    if (rest() > 0) {
      host.shadowRoot.getElementById("left").textContent = digits();
      timer = setTimeout(tick, 1000);
    } else if (reached !== end && !busy) {
      reached = end;
      read();
    }
  }

  /* ---- the page ---- */

  function show() {
    const { progress_percent: percent, remaining, ship_from, ship_until } = card;
    const end = deadline();
    draw(
      ["h2", {}, card.title],
      line(card.description),
      ["strong", {}, standing()],
      end && line(text[card.state === "scheduled" ? "starts" : "ends"] + " ", ["time", { dateTime: end }, moment(end)], " ",
        ["span", { id: "left", part: "left", "aria-hidden": "true" }, digits()]),
      card.extended && line(text.extended),
      card.minimum_units > 0 && ["label", {}, fill(text.progress, percent), ["progress", { max: 100, value: percent }]],
      remaining !== null && line(fill(text.remaining, remaining)),
      ship_until && line(fill(text.ships, day(ship_from), day(ship_until))),
      mine ? own() : card.state === "scheduled" ? interest() : card.joinable && form(),
      ["div", { part: "said", role: "status" }, ...said],
    );
    tick();
  }

  function line(...words) {
    return words[0] && ["p", { part: "line" }, ...words];
  }

  function standing() {
    const words = !card.joinable && TAKING.test(card.state) ? text.sold_out : text[card.state] ?? text.confirmed;
    return fill(words, moment(card.starts_at));
  }

  function button(label, onclick, type = "button") {
    return ["button", { type, part: "button", disabled: busy, onclick }, label];
  }

  function signin() {
    const href = get("signin") && safeUrl(get("signin"), document.baseURI);
    return line(text.sign_in_needed + " ", href && ["a", { part: "link", href }, text.signin]);
  }

  function interest() {
    return signedIn() ? button(text.interest, () => act("campaigns:interest", { campaign: card.id }, () => tell(text.told))) : signin();
  }

  function form() {
    const all = choices();
    const chosen = all[at];
    const { payment, per_order, per_shopper, ends_at } = card;
    if (!chosen) return;
    if (!signedIn() && (per_shopper || card.state === "early_access")) return signin();
    const { price_minor, list_price_minor, currency } = chosen;
    const offers = all.map((one, place) => [
      "option", { value: place, selected: place === at, disabled: one.sold_out },
      [one.title, one.label, one.sold_out && text.sold_out].filter(Boolean).join(" · "),
    ]);
    const { mode, deposit_minor, deposit_basis_points: share, charge_within_days: days } = payment;
    const deposit = share ? share / 100 + "%" : money(deposit_minor * quantity, currency);
    const last = new Date(Date.parse(ends_at) + days * 864e5);
    return ["form", { onsubmit: join },
      all[1] && field("choice", text.choice, "select", { onchange: ({ target }) => ((at = +target.value), show()) }, ...offers),
      ["p", { part: "price" }, money(price_minor, currency)],
      field("quantity", text.quantity, "input", { type: "number", min: 1, max: per_order ?? per_shopper ?? "", required: true, defaultValue: quantity,
        oninput: ({ target }) => ((quantity = +target.value || 1), show()) }),
      line(price_minor < list_price_minor ? fill(text.early, money(list_price_minor, currency))
        : fill(text.total, money(price_minor * quantity, currency))),
      line(fill(text[mode], deposit)),
      days > 0 && ends_at && field("charge_on", text.charge_on, "input",
        { type: "date", min: ends_at.slice(0, 10), max: last.toISOString().slice(0, 10) }),
      !signedIn() && field("guest_email", text.guest_email, "input", { type: "email", required: true, autocomplete: "email" }),
      ["details", {}, ["summary", {}, text.terms], ...[card.terms, card.withdrawal_notice,
        fill(text["cancel_" + card.cancellation.until], card.cancellation.fee_basis_points / 100),
        Object.values(card.seller).join(", ")].map((words) => line(words))],
      ["label", { id: "agree" }, ["input", { type: "checkbox", required: true }], text.agree],
      button(text.join, null, "submit"),
    ];
  }

  function field(id, label, tag, properties, ...children) {
    return ["label", {}, label, [tag, { id, part: "field", ...properties }, ...children]];
  }

  /** What the shopper has already, and what there is to do about it. */
  function own() {
    const { fulfilment, payment, quantity, total_minor, paid_minor, charge_on, currency, reserved_until } = mine;
    const due = UNPAID.test(payment);
    const words = due ? text.mend : text["is_" + fulfilment] ?? text.is_joined;
    return ["section", {},
      ["strong", {}, fill(words, moment(reserved_until))],
      line(fill(text.paid, quantity, money(total_minor, currency), money(paid_minor, currency))),
      charge_on && line(fill(text.charged, day(charge_on))),
      (due || fulfilment === "reserved") && button(text.pay, () => act("preorders:pay", { link, preorder: mine.preorder_id }, ({ checkout_url }) => go(checkout_url))),
    ];
  }

  /* ---- acting ---- */

  /** Its words are fetched when there is something to refuse. */
  async function refused(status, otherwise, code) {
    await more().catch(() => {});
    tell(text[code] ?? text[status] ?? text[otherwise]);
  }

  function join(event) {
    event.preventDefault();
    const { product_id: product, variant_id: variant } = choices()[at];
    const { guest_email, charge_on } = event.target.elements;
    const wish = { campaign: card.id, product, variant, quantity, terms_version: card.terms_version, locale: language,
      region: get("region"), guest_email: guest_email?.value, charge_on: charge_on?.value || undefined };
    act("preorders:open", wish, (opened) => {
      link = tail(opened.url);
      if (say("reserve", opened, true) && get("checkout") !== "event" && opened.checkout_url) return go(opened.checkout_url);
      said = [];
      read();
    });
  }

  /** Once at a time. A refusal is said in words, and what is true now is asked for. */
  async function act(path, question, then) {
    if (busy) return;
    busy = true;
    tell(text.busy);
    try {
      const answer = await ask(path, question, PAYING_MS);
      busy = false;
      then(answer);
    } catch ({ type, url, status }) {
      busy = false;
      link = tail(url) ?? link; // the place is kept, only payments are out of reach
      await refused(status, "unknown", tail(type));
      if (status) read(); // one that fails says so in place of this, so only after an answer
    }
  }

  /** A page that takes money is encrypted, unless it is on this very machine. */
  function go(url) {
    const { protocol, hostname } = new URL(safeUrl(url) ?? "about:");
    if (protocol === "https:" || (LOCAL.test(hostname) && LOCAL.test(location.hostname))) location.assign(url);
    else tell(text.unknown);
  }
}
