// Walks down the page as a shopper does, until every element of ours has said how it is, and tells what is there.
async ({ names, settle, dwell }) => {
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const elements = [...document.querySelectorAll(names)];
  const settled = (element) => !["idle", "loading"].includes(element.getAttribute("state") ?? "idle");
  for (const element of elements) {
    if (!element.checkVisibility()) continue; // it waits in a part that is closed
    element.scrollIntoView({ block: "center", behavior: "instant" });
    for (const until = performance.now() + settle; !settled(element) && performance.now() < until; ) await pause(50);
    await pause(dwell); // a card is an impression once it was seen for a second
  }
  // What was seen is told when a page is hidden, so this one is, for a moment: once it is gone, nobody could look.
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  delete document.hidden;
  await pause(500);
  const kept = [localStorage, sessionStorage].flatMap((store) => Object.keys(store));
  const ask = (selector, read) => [...document.querySelectorAll(selector)].map(read);
  return {
    ran: !!customElements.get("lastbook-slot"),
    scripts: ask("script[src]", ({ src, type, integrity, dataset }) => ({
      src, type, integrity, key: dataset.key ?? null, consent: dataset.consent ?? null,
    })),
    sheets: ask("link[rel=stylesheet]", ({ href }) => href),
    policies: ask("meta[http-equiv=Content-Security-Policy]", ({ content }) => content),
    elements: elements.map((element) => ({
      tag: element.localName, name: element.getAttribute("name") ?? "", state: element.getAttribute("state") ?? "",
      visible: element.checkVisibility(),
    })),
    kept: [...kept, ...document.cookie.split("; ").map((cookie) => cookie.split("=")[0])].filter((name) => /lastbook/i.test(name)),
  };
}
