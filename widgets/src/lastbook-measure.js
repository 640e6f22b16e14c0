/**
 * `<lastbook-measure profile fields unit person signin>`: a shopper's measurements: how to take them, what is on
 * record, new ones, history, deletion.
 *
 * `profile` is the kind (foot, upper_body, …), `fields` are keys with spaces between, `unit` is cm or in, `signin` is
 * the address of the shop's own page. Values go to our origin and nowhere else: not into an event, not into a storage
 * of the browser. Inside they are whole tenths of a millimetre. What is said of a length that was typed, saving, what was
 * on record before, and deletion are in `lastbook-measure-more.js`.
 *
 * @typedef {{key: string, kind: string, label: string, sided: boolean, soft_min: number, soft_max: number,
 *   hard_min: number, hard_max: number, how: string[], drawing: string}} Definition
 * @typedef {{key: string, side: string, typed: string, tenths: number, touched?: boolean, left?: boolean}} Field `tenths` is NaN where what was
 *   typed is no length; `left` says that the shopper went on to another field, so it may be judged
 */

const TENTH_MM = { cm: 100, in: 254 };
const FINENESS = { cm: 100, in: 1000 };

/** "25,4" or "10 1/4" → whole tenths of a millimetre, halves up; NaN where it is no length. */
function toTenthMm(typed, unit) {
  const [, whole, decimals = "", over, under] =
    /^(\d{1,4})(?:[.,](\d{0,6})| (\d{1,3})\/([1-9]\d{0,2}))?$/.exec(typed.normalize("NFKC").trim()) ?? [];
  const [many, of] = over ? [whole * under + +over, +under] : [+(whole + decimals), 10 ** decimals.length];
  return Math.floor((2 * many * TENTH_MM[unit] + of) / (2 * of));
}

/** So finely that `toTenthMm` brings back the same. */
function fromTenthMm(tenths, unit) {
  const size = TENTH_MM[unit];
  return String(Math.floor((2 * tenths * FINENESS[unit] + size) / (2 * size)) / FINENESS[unit]);
}

/* ---- drawings: an outline, and a tape around it (x y radius) or along it (x y x y) ---- */

const OUTLINES = {
  foot: "M58 190c-19 0-25-18-22-42 3-25 0-36-6-58-5-20 1-33 13-37 20-6 46 3 55 24 8 20-4 38-11 58-7 22-5 55-29 55zM34 47c-6-12-3-31 8-31s15 17 12 30c-2 9-16 9-20 1zM60 44c-3-10-2-22 6-22s10 12 8 21c-2 8-12 8-14 1zM78 50c-2-9 0-18 6-18s8 10 6 17-10 8-12 1zM91 60c-1-7 2-14 7-14s6 8 4 14-10 6-11 0zM101 73c0-6 3-11 7-11s5 7 2 12-9 4-9-1z",
  leg: "M42 4c-12 44-2 70 4 104 3 18 0 32-8 46-6 10-8 34 4 36h62c14 0 14-14 0-20-18-8-28-18-29-38-2-34 21-76 9-128",
  body: "M60 6c9 0 14 7 13 16-1 8-4 12-7 15v7c9 4 22 4 25 14l12 52c1 6-6 8-8 2L82 68c0 14-2 20 1 32 5 20-2 60-4 92h-14l-4-74h-2l-4 74H41c-2-32-9-72-4-92 3-12 1-18 1-32L25 112c-2 6-9 4-8-2l12-52c3-10 16-10 25-14v-7c-3-3-6-7-7-15C46 13 51 6 60 6z",
  hand: "M40 196c1-24-2-32-8-48-5-14-24-32-20-38 5-8 18 4 26 14L34 62c-1-10 11-11 13-1l6 40 1-56c0-10 13-10 14 0l2 55 8-47c2-9 14-7 12 3l-6 49 11-30c3-9 14-5 11 4-6 20-10 44-18 60-6 12-8 34-6 57",
};
const TAPES = {
  foot_length: "foot 116 14 116 190", foot_width: "foot 27 82 101 86", ball_girth: "foot 64 86 39",
  instep_girth: "foot 62 128 29", ankle_girth: "leg 61 128 19", calf_girth: "leg 63 44 26",
  height: "body 112 6 112 192", head_girth: "body 60 16 14", neck_girth: "body 60 40 8", chest_girth: "body 60 62 25",
  bust_girth: "body 60 70 24", underbust_girth: "body 60 78 23", waist_girth: "body 60 90 23",
  hip_girth: "body 60 112 26", arm_length: "body 32 54 20 112", thigh_girth: "body 49 126 11",
  inside_leg_length: "body 60 120 60 192", ring_finger_girth: "hand 79 84 10", wrist_girth: "hand 61 182 23",
  hand_girth: "hand 63 118 31",
};

/** @returns {SVGElement | undefined} a drawing for the eye; the steps say the same in words */
function sketch(name) {
  const [outline, ...at] = TAPES[name]?.split(" ") ?? [];
  const [x, y, right, down] = at.map(Number);
  const path = (part, d) => shape("path", { part, d });
  const loop = (sweep) => `M${x - right} ${y}a${right} ${right / 4} 0 0 ${sweep} ${2 * right} 0`;
  const tape = down
    ? [path("tape", `M${x} ${y}L${right} ${down}`), path("ends", `M${x} ${y}h0M${right} ${down}h0`)]
    : [path("behind", loop(1)), path("tape", loop(0))];
  return outline && shape("svg", { part: "drawing", viewBox: "0 0 124 200", "aria-hidden": "true" },
    path("outline", OUTLINES[outline]), ...tape);
}

function shape(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  element.append(...children);
  return element;
}

/** @param {import("./kit.js").Kit} kit */
export function mount(kit) {
  const { host, text, language, ask, day, draw, fill, get, more, safeUrl, signedIn, state } = kit;
  let data;
  /** What is needed once the shopper acts, when it was fetched. */
  let acts;
  /** By key and side. @type {Record<string, Field>} */
  let fields;
  let unit;
  let person;
  let agreed;
  let deleting;
  let said;
  /** By key: a drawing that is there stays. */
  const sketches = {};
  Object.assign(kit, { definitions, kind, length, put, read, show, source, tell }); // for the other module
  return refresh;

  /** Whoever looked before: nothing of theirs stays. */
  function refresh() {
    data = undefined;
    person = get("person");
    agreed = deleting = false;
    said = [];
    draw(["slot", {}]);
    state("loading");
    read();
  }

  async function read() {
    await put("read", { locale: language }, (answer) => {
      data = answer;
      unit ??= TENTH_MM[get("unit")] ? get("unit") : answer.unit === "in" ? "in" : "cm";
      fields = {};
      for (const { key, side, value_tenth_mm: tenths } of answer.values) {
        fields[key + side] = { key, side, tenths, typed: fromTenthMm(tenths, unit) };
      }
      if (!definitions()[0]) return state("empty");
      show();
      if (host.state !== "ready") state("ready");
    });
  }

  async function put(what, question, then) {
    try {
      then(await ask("measurements:" + what, { person, ...question }));
    } catch ({ message, status }) {
      if (data) tell(status === 401 ? text.unknown : text.failed);
      else state("error", { reason: message });
    }
  }

  function tell(...now) {
    said = now;
    show();
  }

  /** Whoever types or looks at what was is about to need the rest. */
  async function prepare() {
    if (acts) return;
    acts = await more();
    show();
  }

  async function act(what) {
    const about = data;
    await prepare();
    if (data !== about) return; // it was asked anew meanwhile
    if (acts) what();
    else tell(text.failed);
  }

  function kind() {
    return get("profile") ?? data.definitions[0]?.kind;
  }

  /** In the order of `fields`. @returns {Definition[]} */
  function definitions() {
    const all = data.definitions.filter((one) => one.kind === kind());
    const keys = get("fields")?.split(/[\s,]+/);
    return keys ? keys.flatMap((key) => all.filter((one) => one.key === key)) : all;
  }

  /* ---- the page ---- */

  function show() {
    if (!data) return; // the page is about somebody else by now
    const units = Object.keys(TENTH_MM).map((name) => radio(name));
    draw(
      ["fieldset", { part: "units" }, ["legend", {}, text.unit], ...units],
      data.people[0] && people(),
      ...definitions().map(measurement),
      ...(data.known ? own() : [stranger()]),
    );
  }

  function radio(name) {
    const onchange = () => {
      unit = name;
      for (const one of Object.values(fields)) if (one.tenths >= 0) one.typed = fromTenthMm(one.tenths, unit);
      show();
    };
    return ["label", { part: "unit" }, ["input", { type: "radio", name: "unit", checked: unit === name, onchange }], text[name]];
  }

  function people() {
    const all = [{ id: "", name: text.me }, ...data.people];
    const entries = all.map(({ id, name }) => ["option", { value: id, selected: id === (person ?? "") }, name]);
    const onchange = ({ target }) => {
      person = target.value || undefined;
      read();
    };
    return ["label", { part: "person" }, text.person, ["select", { onchange }, ...entries]];
  }

  /** @param {Definition} definition */
  function measurement(definition) {
    const { key, label, sided, how, drawing } = definition;
    const sides = sided ? ["left", "right"] : ["none"];
    return ["section", { part: "measurement", id: key },
      (sketches[key] ??= sketch(drawing)),
      ["div", {}, ["h2", {}, label], ["ol", {}, ...how.map((step) => ["li", {}, step])],
        data.known && ["div", { part: "sides" }, ...sides.map((side) => input(definition, side))]]];
  }

  function input({ key, label, ...ranges }, side) {
    const id = key + side;
    const one = (fields[id] ??= { key, side, typed: "", tenths: NaN });
    const known = data.values.find((value) => value.key === key && value.side === side);
    const [wrong, remark] = acts?.judge(kit, one, ranges) ?? [];
    const oninput = ({ target }) => {
      Object.assign(one, { typed: target.value, tenths: toTenthMm(target.value, unit), touched: true, left: false });
      show();
      prepare();
    };
    const onchange = () => ((one.left = true), show());
    return ["div", { part: wrong ? "side wrong" : "side" },
      ["label", { htmlFor: id }, ["span", { part: "unseen" }, label + " "], [text[side], unit].filter(Boolean).join(", ")],
      ["input", { id, part: "length", inputMode: "decimal", autocomplete: "off", value: one.typed, oninput, onchange,
        ariaInvalid: !!wrong, "aria-describedby": "about-" + id }],
      ["small", { id: "about-" + id, ariaLive: "polite" }, remark || (known && !one.touched && source(known))]];
  }

  function length(tenths) {
    return fromTenthMm(tenths, unit) + " " + unit;
  }

  function source({ source, measured_at, stale }) {
    return fill(text[source] ?? text.import, day(measured_at)) + (stale ? " · " + text.stale : "");
  }

  function stranger() {
    const href = get("signin") && safeUrl(get("signin"), document.baseURI);
    return ["p", { part: "stranger" }, (signedIn() ? text.unknown : text.stranger) + " ", href && ["a", { href }, text.signin]];
  }

  function own() {
    const onchange = ({ target }) => (agreed = target.checked);
    return [
      !data.consent && ["label", { part: "consent" }, ["input", { id: "consent", type: "checkbox", checked: agreed, onchange }],
        ["span", {}, text.consent]],
      button("save", text.save, () => act(() => acts.save(kit, { agreed, data, fields }))),
      ["div", { part: "said", role: "status" }, ...said.map((line) => ["p", {}, line])],
      ...(data.history[0] ? past() : []),
    ];
  }

  /** What was on record before, and its deletion, which is asked about first. */
  function past() {
    const decide = (now) => () => ((deleting = now), show(), host.shadowRoot.getElementById(now ? "keep" : "delete").focus());
    const buttons = deleting
      ? [["p", {}, text.sure], button("sure", text.delete, () => ((deleting = false), acts.remove(kit))), button("keep", text.keep, decide(false))]
      : [button("delete", text.delete, () => act(decide(true)))];
    return [
      ["details", { part: "history", ontoggle: () => act(show) }, ["summary", {}, text.history], acts?.history(kit, data)],
      ["div", { part: "removal" }, ...buttons],
    ];
  }

  function button(part, label, onclick) {
    return ["button", { part, id: part, type: "button", onclick }, label];
  }
}
