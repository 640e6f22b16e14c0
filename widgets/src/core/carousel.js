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
    // Not `disabled`: that would drop the keyboard's focus at the last step.
    buttons[0].ariaDisabled = at < 4;
    buttons[1].ariaDisabled = at > room - 4;
    buttons.forEach((button) => (button.hidden = room < 4));
  };
  list.addEventListener("scroll", update, { passive: true });
  new ResizeObserver(update).observe(list);
  return buttons;
}
