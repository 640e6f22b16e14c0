/**
 * More of `<lastbook-measure>`: what is said of a length, saving, what was on record before, and deletion; fetched when
 * the shopper acts.
 *
 * @typedef {import("./kit.js").Kit & {definitions: () => {key: string}[], kind: () => string,
 *   length: (tenths: number) => string, put: (what: string, question: object, then: Function) => Promise<void>,
 *   read: () => Promise<void>, show: () => void, source: (version: object) => string,
 *   tell: (...lines: string[]) => void}} Kit
 */

/**
 * Outside the hard range it is refused, outside the soft range questioned.
 *
 * @param {Kit} kit @returns {[boolean, string]}
 */
export function judge({ fill, length, text }, { typed, tenths, touched, left }, { soft_min, soft_max, hard_min, hard_max }) {
  const within = (words, ...ends) => fill(text[words], ...ends.map(length));
  if (!touched || !left || !typed) return [false, ""];
  if (!(tenths >= 0)) return [true, text.number];
  if (tenths < hard_min || tenths > hard_max) return [true, within("wrong", hard_min, hard_max)];
  return [false, (tenths < soft_min || tenths > soft_max) && within("unusual", soft_min, soft_max)];
}

/**
 * Keep what was told anew, once each length of it may be and the shopper agrees; else say what is in the way.
 *
 * @param {Kit} kit
 * @param {{agreed: boolean, data: {consent: boolean}, fields: Record<string, object>}} page `fields` as the element has them
 */
export function save(kit, { agreed, data, fields }) {
  const { host, show, tell, text } = kit;
  const touched = Object.values(fields).filter((one) => one.touched);
  touched.forEach((one) => (one.left = true));
  show(); // what is wrong is marked
  const told = touched.filter((one) => one.tenths >= 0);
  const wrong = host.shadowRoot.querySelector("[aria-invalid=true]");
  const [why, id] = wrong ? [text.look, wrong.id]
    : !told[0] ? [text.nothing, "save"]
    : !data.consent && !agreed ? [text.agree, "consent"] : [];
  if (!why) return send(kit, told, agreed);
  tell(why);
  host.shadowRoot.getElementById(id).focus();
}

/** What was not told again stays as it is on record. */
function send({ kind, language, put, read, say, tell, text }, told, agreed) {
  const values = told.map(({ key, side, tenths }) => ({ key, side, value: String(tenths / 10), unit: "mm" }));
  const consent = agreed ? { text_version: text.version } : undefined;
  return put("save", { kind: kind(), values, consent, locale: language }, async ({ warnings }) => {
    await read();
    tell(text.saved, ...warnings.map(({ message }) => message));
    say("measure", { action: "save", fields: [...new Set(told.map(({ key }) => key))] });
  });
}

/** @param {Kit} kit */
export function remove({ definitions, kind, put, read, say, tell, text }) {
  return put("delete", { kind: kind() }, async () => {
    await read();
    tell(text.deleted);
    say("measure", { action: "delete", fields: definitions().map(({ key }) => key) });
  });
}

/** Every version of a shopper's measurements, as it was recorded. @param {Kit} kit */
export function history({ length, source, text }, { definitions, history }) {
  const labels = Object.fromEntries(definitions.map(({ key, label }) => [key, label]));
  const line = ({ key, side, value_tenth_mm: tenths }) =>
    ["div", {}, [labels[key] ?? key, text[side]].filter(Boolean).join(", ") + ": " + length(tenths)];
  const rows = history.map(({ values, ...one }) => [
    "li", {}, ["strong", {}, source({ ...one, measured_at: one.recorded_at })], ...values.map(line),
  ]);
  return ["ul", {}, ...rows];
}
