/** Placed: what all our elements have in common. */

import { say } from "./page.js";

/** Nothing is fetched for what is far from the screen. */
const near = new IntersectionObserver(
  (entries) => entries.forEach(({ target, isIntersecting }) => isIntersecting && target.arrive()),
  { rootMargin: "400px" },
);

/** Calls its `arrive` when it is near the screen, once after each `await`ing; `state` says where it is. */
export class Placed extends HTMLElement {
  get state() {
    return this.getAttribute("state") ?? "idle";
  }

  attributeChangedCallback(name, before, after) {
    if (before !== after) this.refresh();
  }

  /** Observing anew reports once more where it stands. */
  approach() {
    this.leave();
    near.observe(this);
  }

  leave() {
    near.unobserve(this);
  }

  become(state, detail) {
    this.setAttribute("state", state);
    say(this, state, detail);
  }
}
