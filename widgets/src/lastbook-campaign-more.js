/**
 * More of `<lastbook-campaign>`: what a shopper does and has, fetched when the first of them acts or has joined.
 *
 * @typedef {import("./kit.js").Kit & {act: (name: string, what: object) => void, button: Function, line: Function}} Kit
 * @typedef {{link?: string, words?: string, changed?: any, left?: boolean}} Done the last part of the preorder's address,
 *   what to say, whether to ask what is true now, and whether the page is being left for the payment
 */

const PAYING_MS = 3e4;
const UNPAID = /^(fai|act)/;
const LOCAL = /^(localhost|127[\d.]+|\[::1])$/;

function tail(address) {
  return address?.split("/").pop();
}

/** Be told when it begins. @param {Kit} kit @returns {Promise<Done>} */
export function hear(kit, question) {
  return send(kit, "campaigns:interest", question, () => ({ words: kit.text.told }));
}

/** Go on with the payment of one's preorder. @param {Kit} kit @returns {Promise<Done>} */
export function pay(kit, question) {
  return send(kit, "preorders:pay", question, ({ checkout_url }) => go(kit, checkout_url));
}

/** Join with what was chosen and entered. @param {Kit} kit @returns {Promise<Done>} */
export function join(kit, { card, chosen, fields, quantity }) {
  const { get, language, say } = kit;
  const { product_id: product, variant_id: variant, quote_id: quote } = chosen;
  const wish = { campaign: card.id, product, variant, quote, quantity, terms_version: card.terms_version, locale: language,
    region: get("region"), guest_email: fields.guest_email?.value, charge_on: fields.charge_on?.value || undefined };
  return send(kit, "preorders:open", wish, (opened) => {
    const { checkout_url, url } = opened;
    const leads = say("reserve", opened, true) && get("checkout") !== "event" && checkout_url;
    return { link: tail(url), ...(leads ? go(kit, checkout_url) : { changed: true }) };
  });
}

/** A refusal is said in words. */
async function send({ ask, text }, path, question, then) {
  try {
    return then(await ask(path, question, PAYING_MS));
  } catch ({ type, url, status }) {
    // One that fails says so in place of this, so what is true is asked for only after an answer.
    return { link: tail(url), words: text[tail(type)] ?? text[status] ?? text.unknown, changed: status };
  }
}

/** A page that takes money is encrypted, unless it is on this very machine. */
function go({ safeUrl, text }, url) {
  const { protocol, hostname } = new URL(safeUrl(url) ?? "about:");
  const safe = protocol === "https:" || (LOCAL.test(hostname) && LOCAL.test(location.hostname));
  if (safe) location.assign(url);
  return { words: text.unknown, left: safe };
}

/** What the shopper has already, and what there is to do about it. */
export function own({ act, button, day, fill, line, money, text }, mine, link) {
  const { fulfilment, payment, preorder_id: preorder, quantity, total_minor, paid_minor, charge_on, currency, reserved_until } = mine;
  const due = UNPAID.test(payment);
  const words = due ? text.mend : text["is_" + fulfilment] ?? text.is_joined;
  return ["section", {},
    ["strong", {}, fill(words, day(reserved_until, { timeStyle: "short" }))],
    line(fill(text.paid, quantity, money(total_minor, currency), money(paid_minor, currency))),
    charge_on && line(fill(text.charged, day(charge_on))),
    (due || fulfilment === "reserved") && button(text.pay, () => act("pay", { link, preorder })),
  ];
}

/** What one agrees to, and with whom. */
export function terms({ fill, line, text }, { cancellation, seller, terms, withdrawal_notice }) {
  const cancelling = fill(text["cancel_" + cancellation.until], cancellation.fee_basis_points / 100);
  return ["div", {}, ...[terms, withdrawal_notice, cancelling, Object.values(seller).join(", ")].map((words) => line(words))];
}
