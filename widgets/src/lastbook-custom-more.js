/**
 * More of `<lastbook-custom>`: what would put a choice right, that a price has changed, and the order; fetched when
 * somebody chooses, or is about to order.
 *
 * @typedef {import("./kit.js").Kit & {again: (words: string) => Promise<void>, button: Function, choose: Function,
 *   current: () => object | undefined, put: Function, question: () => Promise<void>, tell: (...words: string[]) => void,
 *   tried?: boolean}} Kit `tried` says whether an order was
 */

/** A button for each value with which an issue would be none, if one is known. @param {Kit} kit */
export function fixes({ button, choose, fill, text }, { document: { options } }, fix) {
  const option = options.find(({ id }) => id === fix?.option);
  const values = { choose: fix?.values, remove: [null] }[fix?.act] ?? [];
  return values.map((value) => {
    const label = option.values?.find(({ id }) => id === value)?.label ?? value ?? text.none;
    const changes = { [option.id]: value };
    fix.also?.forEach((also) => (changes[also.option] = also.value));
    return button("fix", fill(text.fix, option.label, label), () => choose(changes));
  });
}

/** In words, where the price was another one before. @param {Kit} kit */
export function changed({ fill, money, text }, { product, result }, before) {
  const cost = (minor) => money(minor, product.currency);
  const now = result.price_minor;
  return before >= 0 && now !== before ? [fill(text.changed, cost(before), cost(now))] : [];
}

/**
 * Where something is open or contradicts, it is marked; else the server computes the price anew, and where it is not the
 * one that was seen, nothing is ordered.
 *
 * @param {Kit} kit
 */
export async function order(kit, seen) {
  const { current, question, tell } = kit;
  if (!current()) await question();
  const now = current();
  if (!now) return;
  const news = changed(kit, now, seen);
  tell(...news);
  if (news[0]) return;
  kit.tried = true;
  await give(kit, now);
}

async function give({ again, day, fill, get, host, put, say, tell, text }, { answers, result }) {
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
