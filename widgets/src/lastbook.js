/**
 * Lastbook in a shop's page: `<lastbook-slot>` fills itself with products for one shopper.
 *
 * One file for what most pages show: no second round trip. Text stays text (no innerHTML), so it runs under a strict
 * Content-Security-Policy with Trusted Types. The elements in `LATER` are modules of their own, fetched when the first
 * of their kind comes near the screen. What is imported here is put into one file when it is served.
 *
 * @typedef {{id: string, title: string, url: string, image?: string | null, brand?: string, price_minor?: number,
 *   sale_price_minor?: number | null, currency?: string, token?: string,
 *   reason?: {code: string, text: string, product?: string},
 *   made?: {text: string | null, price_minor: number | null}}} Product
 * @typedef {{name: string, strategy: string, source: string, heading?: string, why?: string | null,
 *   layout?: "grid" | "carousel", fields?: string[], exposure?: string, products: Product[]}} Filling
 */

import { flush, forgetSeen, track } from "./core/events.js";
import { Later } from "./core/later.js";
import { allowed, forgotten, identified } from "./core/shopper.js";
import { setCart, Slot } from "./core/slot.js";

const LATER = ["custom", "measure", "campaign", "again"].map((name) => "lastbook-" + name);

const each = (act, names = "lastbook-slot") => document.querySelectorAll(names).forEach(act);
const refresh = (names) => each((element) => element.refresh?.(), names);
const refreshAll = () => refresh(["lastbook-slot", ...LATER]);
const here = () => location.href.split("#")[0];

let address = here();

const lastbook = {
  track,

  /** Name the shopper by a token that the shop's server signed; what is already shown is asked for again. */
  identify(token) {
    flush(); // what happened before belongs to the shopper before
    if (identified(token)) refreshAll();
  },

  /** Forget the shopper, at sign-out. */
  reset() {
    flush();
    if (forgotten()) refreshAll();
  },

  /** What the shopper answered when the shop asked whether it may recognise this browser. */
  setConsent(yes) {
    flush();
    if (allowed(yes)) refresh();
  },

  /** The page has other content without having been loaded. Noticed by itself where the address changes. */
  navigate() {
    address = here();
    forgetSeen();
    refresh();
  },

  /** What is in the cart now, ids: slots are led by it, and do not show it. */
  cart(ids) {
    setCart(ids);
    refresh();
  },
};

if (!customElements.get("lastbook-slot")) {
  window.lastbook = lastbook;
  customElements.define("lastbook-slot", Slot);
  for (const name of LATER) customElements.define(name, class extends Later {});

  const moved = () => address !== here() && lastbook.navigate();
  window.navigation?.addEventListener("currententrychange", moved);
  addEventListener("popstate", moved); // for browsers without the former
  document.addEventListener("visibilitychange", () => document.hidden && flush());
  // Back from the back/forward cache: shown again, so it counts again; nothing is exchanged under the shopper's eyes.
  addEventListener("pageshow", ({ persisted }) => persisted && (forgetSeen(), each((slot) => slot.rearm())));
}
