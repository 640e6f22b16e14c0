/**
 * `<lastbook-campaign campaign checkout link region signin>`: a preorder campaign, and the way into it.
 *
 * `checkout` is `hosted` (joining leads to the payment page) or `event` (the shop goes on itself, told by
 * `lastbook:reserve`, which may be cancelled for `hosted` too); `link` is the address of a preorder, for a guest who
 * comes back; `signin` is an address of the shop's own. What is made to order is chosen in a `<lastbook-custom campaign>`
 * of the same campaign: its `lastbook:add` is taken here, and cancelled, so that no basket counts it. Times, prices and
 * counts are the server's alone: digits tick towards its end by its clock, and at the end it is asked what is true then.
 * The shop's children stay until the first answer, and where there is none. What is needed by those who act, and by
 * those who have joined, is in `lastbook-campaign-more.js`.
 */

const NOT_OVER = /^(sch|ear|ope|pau)/;
const TAKING = /^(ear|ope)/;

/** @param {import("./lastbook.js").Kit} kit */
export function mount(kit) {
  const { host, text, ask, day, draw, fill, get, language, money, more, safeUrl, signedIn, state } = kit;
  let card;
  /** The shopper's own preorder of this campaign. */
  let mine;
  /** What few need, once it was fetched. */
  let acts;
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
  /** What is being done. */
  let busy;
  let said;
  /** The last quote that was taken. */
  let quote;
  Object.assign(kit, { act, button, line }); // for the other module
  addEventListener("lastbook:add", take, true); // before the shop hears of it
  addEventListener("pageshow", ({ persisted }) => persisted && refresh()); // back from the payment
  return refresh;

  function refresh() {
    const now = get("campaign") + signedIn();
    busy = undefined;
    said = [];
    if (now !== about) {
      about = now;
      card = mine = link = quote = undefined;
      quantity = 1;
      at = -1;
      draw(["slot", {}]);
      state("loading");
    }
    read();
  }

  async function read() {
    clearTimeout(timer);
    link = get("link")?.split("/").pop() ?? link;
    try {
      const { campaigns, now, preorders } = await ask("campaigns", { link, campaigns: [get("campaign")], locale: language });
      card = campaigns[0];
      if (!card) return draw(["slot", {}]), state("empty");
      ahead = Date.parse(now) - Date.now();
      const all = choices();
      if (!all[at] || all[at].sold_out) at = all.findIndex((one) => !one.sold_out);
      mine = preorders?.[0];
      show();
      state(NOT_OVER.test(card.state) ? "ready" : "ended", card);
      if (mine) await prepare();
      if (mine ? !acts : !preorders && signedIn()) throw { status: 401 };
    } catch ({ message, status }) {
      if (!card) return state("error", { reason: message });
      await prepare(); // it has words for what it may be
      tell(text[status] ?? text.stale);
    }
  }

  /** Whoever fills in the form, unfolds the terms, or has joined is about to need the rest. */
  async function prepare() {
    acts ??= await more();
    show();
  }

  function take(event) {
    if (event.target.getAttribute?.("campaign") !== get("campaign")) return;
    event.preventDefault();
    quote = event.detail;
    quantity = quote.quantity;
    at = choices().findIndex((one) => one.quote_id);
    tell();
    host.scrollIntoView();
  }

  function tell(...now) {
    said = now;
    show();
  }

  function choices() {
    return card.products.flatMap((product) => product.variants.map((variant) => ({
      ...variant, ...product, label: variant.title || variant.variant_id, ...(product.product_id === quote?.product_id && quote),
    })));
  }

  /* ---- time ---- */

  /** What is still to come, if anything, that a clock could count to. */
  function deadline() {
    return card.state === "scheduled" ? card.starts_at : NOT_OVER.test(card.state) && card.ends_at;
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
    if (!card) return; // the page is about something else by now
    const { progress_percent: percent, remaining, ship_from, ship_until } = card;
    const end = deadline();
    draw(
      ["h2", {}, card.title],
      line(card.description),
      ["strong", {}, standing()],
      end && line(text[card.state === "scheduled" ? "starts" : "ends"] + " ",
        ["time", { dateTime: end }, day(end, { timeStyle: "short" })], " ",
        ["span", { id: "left", part: "left", "aria-hidden": "true" }, digits()]),
      card.extended && line(text.extended),
      card.minimum_units > 0 && ["label", {}, fill(text.progress, percent), ["progress", { max: 100, value: percent + "" }]],
      remaining !== null && line(fill(text.remaining, remaining)),
      ship_until && line(fill(text.ships, day(ship_from), day(ship_until))),
      mine ? acts?.own(kit, mine, link) : card.state === "scheduled" ? interest() : card.joinable && form(),
      ["div", { part: "said", role: "status" }, ...said],
    );
    tick();
  }

  function line(...words) {
    return words[0] && ["p", { part: "line" }, ...words];
  }

  function standing() {
    const words = !card.joinable && TAKING.test(card.state) ? text.sold_out : text[card.state] ?? text.confirmed;
    return fill(words, day(card.starts_at, { timeStyle: "short" }));
  }

  function button(label, onclick) {
    return ["button", { part: "button", disabled: !!busy, onclick }, label];
  }

  function signin() {
    const href = get("signin") && safeUrl(get("signin"), document.baseURI);
    const words = text.sign_in_needed;
    return line(href ? ["a", { part: "link", href }, words] : words);
  }

  function interest() {
    return signedIn() ? button(text.interest, () => act("hear", { campaign: card.id })) : signin();
  }

  function form() {
    const all = choices();
    const chosen = all[at];
    const { payment, per_order, per_shopper, ends_at } = card;
    if (!chosen) return;
    if (!signedIn() && (per_shopper || card.state === "early_access")) return signin();
    const { price_minor, list_price_minor, currency, made, quote_id } = chosen;
    const offers = all.map((one, place) => [
      "option", { value: place, selected: place === at, disabled: one.sold_out },
      [one.title, one.label, one.sold_out && text.sold_out].filter(Boolean).join(" · "),
    ]);
    const { mode, deposit_minor, deposit_basis_points: share, charge_within_days: days } = payment;
    const deposit = share ? share / 100 + "%" : money(deposit_minor * quantity, currency);
    const last = new Date(Date.parse(ends_at) + days * 864e5);
    return ["form", { oninput: prepare, onsubmit: join },
      all[1] && field("choice", text.choice, "select", { onchange: ({ target }) => ((at = +target.value), show()) }, ...offers),
      ...(made && !quote_id ? [line(text.made)] : [["p", { part: "price" }, money(price_minor, currency)],
      field("quantity", text.quantity, "input", { type: "number", min: 1, max: per_order ?? per_shopper ?? "", required: true,
        defaultValue: quantity, oninput: ({ target }) => ((quantity = +target.value || 1), show()) }),
      line(!made && price_minor < list_price_minor ? fill(text.early, money(list_price_minor, currency))
        : fill(text.total, money(price_minor * quantity, currency))),
      line(fill(text[mode], deposit)),
      days > 0 && ends_at && field("charge_on", text.charge_on, "input",
        { type: "date", min: ends_at.slice(0, 10), max: last.toISOString().slice(0, 10) }),
      !signedIn() && field("guest_email", text.guest_email, "input", { type: "email", required: true, autocomplete: "email" }),
      ["details", { ontoggle: prepare }, ["summary", {}, text.terms], acts ? acts.terms(kit, card) : text.busy],
      ["label", { id: "agree" }, ["input", { type: "checkbox", required: true }], text.agree],
      button(text.join)]),
    ];
  }

  function field(id, label, tag, properties, ...children) {
    return ["label", {}, label, [tag, { id, part: "field", ...properties }, ...children]];
  }

  /* ---- acting ---- */

  function join(event) {
    event.preventDefault();
    act("join", { card, quantity, chosen: choices()[at], fields: event.target.elements });
  }

  /** Once at a time. What came of it is said in words, and what is true now is asked for. */
  async function act(name, what) {
    if (busy) return;
    const turn = (busy = {});
    tell(text.busy);
    await prepare();
    if (busy !== turn) return; // it was asked anew meanwhile
    const done = acts ? await acts[name](kit, what) : { words: text.stale };
    link = done.link ?? link; // a place may be kept although there are no payments
    busy = undefined;
    if (!done.left) tell(done.words);
    if (done.changed) read();
  }
}
