/** More of `<lastbook-custom>`: the order, fetched when somebody is about to give one. */

/**
 * Where something is open or contradicts, it is marked; else the server computes the price anew, and where it is not the
 * one that was seen, nothing is ordered.
 *
 * @param {import("./kit.js").Kit} kit
 * @param {{again: (words: string) => Promise<void>, put: Function, tell: (...words: string[]) => void}} page
 */
export async function order({ day, fill, get, host, say, text }, { answers, result }, { again, put, tell }) {
  const { complete, consistent, price_minor: seen } = result;
  if (!complete || !consistent) {
    tell(text.look);
    host.shadowRoot.querySelector("[part~=wrong] :is(input, select, a, button)")?.focus();
    return;
  }
  try {
    const quantity = +get("quantity") || 1;
    const made = await put("quotes", { answers, quantity, expected_price_minor: seen });
    if (made.price_minor !== seen) throw made;
    if (say("add", made, true)) tell(fill(text.added, day(made.expires_at)));
  } catch {
    await again(text.refused);
  }
}
