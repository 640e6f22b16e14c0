/** Page: what the shop wrote on our script's tag, where our files are, and what language is spoken. */

/** A file of ours; all parts are served as one, so it is beside that one. */
export const beside = (name) => new URL(name, import.meta.url).href;
export const API = beside("/public/v1/");

/** Of several keys on a page the first counts. */
export const { key, region, consent, token: firstToken } =
  document.querySelector("script[data-key^=lb_pk_]")?.dataset ?? {};

/** For what a browser may refuse: then there is no result. */
export function attempt(work) {
  try {
    return work();
  } catch {}
}

/** A language tag that `Intl` and our server take: pages say `en_US`, or nothing. */
export const tagOf = (text) => attempt(() => Intl.getCanonicalLocales(text.replace("_", "-"))[0]) ?? "en";
export const language = tagOf(document.documentElement.lang || navigator.language);

/**
 * The language of our words: English is here, each other one is a module. What the buttons do: show the previous
 * products, the next ones; which price it is: the regular one, the one of a sale.
 */
export const spokenIn = (tag) => (/^zh/i.test(tag) ? "zh" : "en");
const ENGLISH = ["Previous products", "Next products", "Regular price", "Sale price"];
export const wordsIn = async (tag) =>
  spokenIn(tag) === "en" ? ENGLISH : (await import(beside(`lastbook-${spokenIn(tag)}.js`))).text;

/**
 * Resolves once the page is whole and somebody looks at it: an `async` script may run before our elements have their
 * children, and nothing is asked for while the page is prerendered.
 */
export async function awake() {
  const until = (event) => new Promise((done) => document.addEventListener(event, done));
  if (document.readyState === "loading") await until("DOMContentLoaded");
  if (document.prerendering) await until("prerenderingchange");
}

export const random = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** @returns whether nobody called `preventDefault` */
export function say(element, name, detail, cancelable) {
  return element.dispatchEvent(new CustomEvent("lastbook:" + name, { detail, cancelable, bubbles: true }));
}
