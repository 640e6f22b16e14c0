/** Template: a card of the shop's own, a module that is fetched where a slot holds a `<template>`. */

/** What may be set besides `text`; an address only on its own element. */
const SETTABLE = /^(a href|img src|\S+ (alt|title|aria-label))$/;

/**
 * Fill what a template marks, `data-lb="text:title;href:url"`. Text stays text, an address is a safe one or none.
 * The names are those of a product, with `price` (what is paid), `before` (before a sale) and `reason` as texts.
 */
export function bind(template, values, safeUrl) {
  const content = document.importNode(template.content, true);
  for (const element of content.querySelectorAll("[data-lb]")) {
    for (const [, what, name] of element.dataset.lb.matchAll(/([\w-]+):(\w+)/g)) {
      const value = /href|src/.test(what) ? safeUrl(values[name]) : (values[name] ?? "");
      if (what === "text") element.textContent = value;
      else if (value != null && SETTABLE.test(element.localName + " " + what)) element.setAttribute(what, value);
    }
  }
  return content;
}
