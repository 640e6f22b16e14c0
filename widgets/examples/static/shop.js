// The shop's own script: a basket, the switches kept on product links, and word to Lastbook of what the shopper did.
const article = document.querySelector("[data-product]");
const button = document.querySelector("[data-buy]");
const counter = document.querySelector("[data-basket]");
const basket = [];  // product ids

function put(product, quantity = 1) {
  basket.push(product);
  counter.textContent = String(Number(counter.textContent) + quantity);
  window.lastbook?.track("cart", product);
  window.lastbook?.cart?.(basket);
}

const ready = customElements.whenDefined("lastbook-slot"); // its script is async, so that it holds up nothing of ours
if (article) ready.then(() => window.lastbook.track("view", article.dataset.product));

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => put(article.dataset.product));
}

// Made to order: Lastbook hands over a quote, which this shop would put on its order line; a campaign takes its own.
document.addEventListener("lastbook:add", (event) => {
  if (!event.defaultPrevented) put(article.dataset.product);
});

// What is needed again, in one tap.
document.addEventListener("lastbook:reorder", ({ detail }) => put(detail.product, detail.quantity));

// A real shop knows its shopper by a session; this one, like all its switches, by the address alone.
const switches = new URLSearchParams(location.search);
switches.delete("panel");
document.addEventListener("lastbook:ready", (event) => {
  for (const link of event.target.querySelectorAll("a")) {
    const url = new URL(link.href);
    if (url.origin !== location.origin) continue;
    for (const [name, value] of switches) url.searchParams.set(name, value);
    link.href = url.href;
  }
});
