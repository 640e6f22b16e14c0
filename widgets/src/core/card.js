/** Card: one product as elements. */

import { attempt, language } from "./page.js";

/** Currencies whose units have none or three decimals (ISO 4217); browsers follow what shops print instead. */
const NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
const THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND";

/** `make("p", "note", "text")`: strings become text nodes, whatever they look like. */
export function make(tag, name, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = "lastbook-" + name;
  element.append(...children.filter(Boolean));
  return element;
}

/** The address if a page may carry it, else undefined. http only where the page itself is http. */
export function safeUrl(text, base) {
  const url = attempt(() => new URL(text, base));
  if (["https:", location.protocol].includes(url?.protocol)) return url.href;
}

/** 1099 of USD → "$10.99", of JPY → "¥1,099", of KWD → "KWD 1.099"; "" where the amount or the currency is none. */
export function money(minor, currency, locale = language) {
  if (!Number.isSafeInteger(minor)) return "";
  const minimumFractionDigits = NO_DECIMALS.includes(currency) ? 0 : THREE_DECIMALS.includes(currency) ? 3 : 2;
  const how = { style: "currency", currency, minimumFractionDigits };
  return attempt(() => new Intl.NumberFormat(locale, how).format(minor / 10 ** minimumFractionDigits)) ?? "";
}

/** What is paid, and what was paid before a sale. What is made to this shopper's measure has a price of its own. */
function prices({ made, price_minor, sale_price_minor, currency }, locale) {
  const own = made?.price_minor;
  const [regular, sale] = [own ?? price_minor, sale_price_minor].map((minor) => money(minor, currency, locale));
  return own == null && sale_price_minor < price_minor && regular && sale ? [sale, regular] : [regular];
}

function price(now, before, [, , regular, sale]) {
  if (!before) return make("span", "price", now);
  const labelled = (tag, label, text) => make(tag, "", make("span", "unseen", label + " "), text);
  return make("span", "price", labelled("ins", sale, now), " ", labelled("del", regular, before));
}

function picture(product, alt) {
  const src = safeUrl(product.image);
  return make("span", "image", src && Object.assign(make("img"), { alt, loading: "lazy", decoding: "async", src }));
}

/**
 * The order of what a card shows is fixed; `shows` says what.
 * @param {Product} product
 * @param {{shows: (field: string) => boolean, template?: HTMLTemplateElement, bind?: Function, words: string[], locale: string}} how
 */
export function card(product, { shows, template, bind, words, locale }) {
  const { made, title, url } = product;
  const [now, before] = prices(product, locale);
  const texts = { brand: made?.text ?? product.brand, title, price: now, before, reason: product.reason?.text };
  if (template) return make("li", "card", bind(template, { ...product, ...texts }, safeUrl));
  const lines = ["brand", "title", "price", "reason"].filter(shows);
  const line = (name) => (name === "price" ? price(now, before, words) : make("span", name, texts[name]));
  const image = shows("image") && picture(product, shows("title") ? "" : title);
  const link = make("a", "", image, make("span", "text", ...lines.map(line)));
  link.href = safeUrl(url);
  return make("li", "card", link);
}
