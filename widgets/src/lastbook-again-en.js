/** The words of `<lastbook-again>` in English. */
export const text = {
  heading: "Soon to be used up",
  around: "Lasts until about {0}",
  over: "Used up since about {0}",
  between: "Probably {0} to {1}",
  buy: "Buy {0} again",
  later: "Later",
  stop: "Not using it any more",
  snoozed: "We will show it again on {0}.",
  stopped: "It is off your list until you buy it again.",
  bought: "On its way to your basket.",
  undo: "Undo",
  undone: "It is back on your list.",
  failed: "That did not work. Please try again.",
};
