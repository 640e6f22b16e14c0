/** Events: what shoppers do with what is shown; sent in one beacon when the page hides, at once after a click. */

import { API, key, random, say } from "./page.js";
import { who } from "./shopper.js";

const IMPRESSION_MS = 1000;
const SENT_AT_ONCE = 50;

let events = [];
/** The token of each product as it was shown last. */
const tokens = {};
/** What was reported of this page, once each: tokens, or places and products where there is none. */
const reported = new Set();

/** Note what a shopper did: `track("cart", "123")`. What was shown here is credited by its token. */
export function track(type, product, slot, token = type === "cart" ? tokens[product] : undefined) {
  events.push({ id: random(), type, product: product && String(product), slot, token, at: new Date().toISOString() });
  if (events.length >= SENT_AT_ONCE) flush();
}

export function flush() {
  if (!events[0]) return;
  const body = JSON.stringify({ key, ...who(), events });
  events = navigator.sendBeacon(API + "events", body) ? [] : events.slice(-SENT_AT_ONCE);
}

/** A new view of the page: what is shown counts once more. */
export function forgetSeen() {
  flush();
  reported.clear();
}

const isNew = (name) => !reported.has(name) && reported.add(name);

/** The slot takes part in an experiment, whether it shows anything or not. */
export function expose(slot, token) {
  if (token && isNew(token)) track("exposure", undefined, slot, token);
}

/** Credit what happens to a card from here on; again: it is seen anew. */
export function watch(card, product) {
  card.product = product;
  tokens[product.id] = product.token;
  seen.unobserve(card); // observing anew reports once more how much of it is in sight
  seen.observe(card);
}

/** Something happened to a card, in the element that shows it: all of ours have a state. */
export function note(card, type, name = type) {
  const slot = card.closest("[state]");
  const { product } = card;
  track(type, product.id, slot.name, (tokens[product.id] = product.token));
  say(slot, name, { product });
}

const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(target.timer);
      if (isIntersecting) target.timer = setTimeout(report, IMPRESSION_MS, target);
    }
  },
  { threshold: 0.5 },
);

/** Half of a card for a second, once a token. */
function report(card) {
  const slot = card.closest("[state]");
  seen.unobserve(card);
  if (document.hidden) seen.observe(card); // a hidden page draws nothing: this waits until it is looked at again
  else if (slot && isNew(card.product.token ?? slot.name + " " + card.product.id)) note(card, "impression");
}
