/** More words of `<lastbook-custom>` in English, for who chooses or orders. */
export const text = {
  ended: "This product is no longer made to order.",
  changed: "The price changed from {0} to {1}. Nothing is ordered yet.",
  fix: "Change {0} to {1}",
  look: "Please look at the marked places.",
  added: "In your basket. The price holds until {0}.",
  refused: "This could not be ordered.",
};
