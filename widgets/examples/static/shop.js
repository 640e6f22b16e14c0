// The shop's own script: keeps the shopper's name on product links, and tells Lastbook what the shopper did.
const shopper = new URLSearchParams(location.search).get("shopper");
const article = document.querySelector("[data-product]");
const button = document.querySelector("[data-buy]");
const counter = document.querySelector("[data-basket]");

if (article) window.lastbook?.track("view", article.dataset.product);

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    counter.textContent = String(Number(counter.textContent) + 1);
    window.lastbook?.track("cart", article.dataset.product);
  });
}

// Made to order: Lastbook hands over a quote, which this shop would put on its order line; a campaign takes its own.
document.addEventListener("lastbook:add", (event) => {
  if (event.defaultPrevented) return;
  counter.textContent = String(Number(counter.textContent) + 1);
  window.lastbook?.track("cart", article.dataset.product);
});

// What is needed again, in one tap.
document.addEventListener("lastbook:reorder", ({ detail }) => {
  counter.textContent = String(Number(counter.textContent) + detail.quantity);
  window.lastbook?.track("cart", detail.product);
});

// A real shop knows its shopper by a session; this one only by the address.
if (shopper) {
  document.addEventListener("lastbook:ready", (event) => {
    for (const link of event.target.querySelectorAll("a")) {
      const url = new URL(link.href);
      if (url.origin !== location.origin) continue;
      url.searchParams.set("shopper", shopper);
      link.href = url.href;
    }
  });
}
