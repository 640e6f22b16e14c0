/** Carousel: the two buttons that step through a list; the stylesheet hides them in a grid. */

import { make } from "./card.js";

export function steps(list, [previous, next]) {
  const step = (name, sign, label) => {
    const button = make("button", "step lastbook-" + name);
    button.type = "button";
    button.ariaLabel = label;
    button.onclick = () => {
      const rtl = getComputedStyle(list).direction === "rtl" ? -1 : 1;
      list.scrollBy({ left: sign * rtl * list.clientWidth * 0.85 });
    };
    return button;
  };
  const buttons = [step("previous", -1, previous), step("next", 1, next)];
  const update = () => {
    const room = list.scrollWidth - list.clientWidth;
    const at = Math.abs(list.scrollLeft);
    buttons.forEach((button, last) => {
      button.ariaDisabled = (last ? room - at : at) < 4; // not `disabled`: that would drop the keyboard's focus
      button.hidden = room < 4;
    });
  };
  list.addEventListener("scroll", update);
  new ResizeObserver(update).observe(list);
  return buttons;
}
