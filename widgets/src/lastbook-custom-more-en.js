/** More words of `<lastbook-custom>` in English, for who orders. */
export const text = {
  look: "Please look at the marked places.",
  added: "In your basket. The price holds until {0}.",
  refused: "This could not be ordered.",
};
