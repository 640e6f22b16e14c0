/** Carousel: the two buttons that step through a list; the stylesheet hides them in a grid. */

import { make } from "./card.js";

export function steps(list, words) {
  const step = (name, sign) => {
    const button = make("button", "step lastbook-" + name);
    button.type = "button";
    button.ariaLabel = words[name];
    button.onclick = () => {
      const rtl = getComputedStyle(list).direction === "rtl" ? -1 : 1;
      list.scrollBy({ left: sign * rtl * list.clientWidth * 0.85 });
    };
    return button;
  };
  const buttons = [step("previous", -1), step("next", 1)];
  const update = () => {
    const room = list.scrollWidth - list.clientWidth;
    const at = Math.abs(list.scrollLeft);
    buttons.forEach((button, next) => {
      button.ariaDisabled = (next ? room - at : at) < 4; // not `disabled`: that would drop the keyboard's focus
      button.hidden = room < 4;
    });
  };
  list.addEventListener("scroll", update);
  new ResizeObserver(update).observe(list);
  return buttons;
}
