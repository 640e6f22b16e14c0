/** Included: markup that the server has made of a slot comes alive; a module that is fetched where a page holds such. */

/** Give its buttons what they do, and let its cards be seen. @returns {"ready" | "empty"} */
export function adopt(slot, words, steps, watch) {
  const list = slot.querySelector(".lastbook-list");
  const buttons = list && steps(list, words);
  slot.querySelectorAll(".lastbook-step").forEach((button, at) => button.replaceWith(buttons[at]));
  slot.querySelectorAll(".lastbook-card").forEach((one) => {
    watch(one, { id: one.dataset.lbProduct, token: one.dataset.lbToken });
  });
  return list ? "ready" : "empty";
}
