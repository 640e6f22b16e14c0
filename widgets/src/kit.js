/**
 * Kit: what a further element draws and asks with; a part of each element's module, so that pages without one do without.
 *
 * @typedef {[string, object, ...Wanted[]] | Node | string} Wanted an element as `draw` takes it, a node, or text
 * @typedef {{host: HTMLElement, text: Record<string, string>, language: string, signedIn: () => boolean,
 *   get: (attribute: string) => string | undefined, ask: (path: string, question: object, patienceMs?: number) => Promise<any>,
 *   draw: (...wanted: Wanted[]) => void, fill: (text: string, ...values: any[]) => string,
 *   more: () => Promise<any>, money: (minor: number, currency: string) => string, day: (text: string, options?: object) => string,
 *   safeUrl: (text: string, base?: string) => string | undefined, state: (state: string, detail?: object) => void,
 *   say: (name: string, detail?: object, cancelable?: boolean) => boolean}} Kit what an element's `mount` gets, which
 *   answers a function that asks anew; `text` has its words in the page's language, and after `more`, which answers the
 *   element's further module, those of that as well
 */

const PATIENCE_MS = 5000;

/** Bring an element to life with what the core shares. */
export function open(host, core) {
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(looks);
  root.adoptedStyleSheets = [sheet];
  let turn = 0;

  /** One question at a time: a newer one silences the older, which then never answers. */
  function ask(path, question, wait = PATIENCE_MS) {
    const mine = ++turn;
    const silence = () => mine !== turn && new Promise(() => {});
    return core.post(path, question, AbortSignal.timeout(wait)).finally(silence);
  }

  /** 2026-12-08 or a moment → the day as it is written here; a day alone is the same day everywhere. */
  function day(text, options = text.length > 10 ? {} : { timeZone: "UTC" }) {
    const how = { dateStyle: "long", ...options };
    return core.attempt(() => new Intl.DateTimeFormat(core.language, how).format(new Date(text))) ?? text;
  }

  /** What few need is a module of its own; nothing where it cannot be fetched. */
  async function more() {
    try {
      const module = await import(`./${host.localName}-more-${SPOKEN}.js`);
      Object.assign(text, module.text);
      return module;
    } catch {}
  }

  const refresh = mount({
    ...core, host, text, fill, day, ask,
    get: (name) => host.getAttribute(name) ?? undefined,
    draw: (...wanted) => draw(root, ...wanted),
    more,
    state: (...said) => host.become(...said),
    say: (...said) => core.say(host, ...said),
  });
  return { refresh, stop: () => turn++ };
}

/** `fill("{0} of {1}", 1, 2)` → "1 of 2". */
function fill(words, ...values) {
  return words.replace(/{(\d)}/g, (_, at) => values[at]);
}

/**
 * Make the children of `parent` what is wanted, and keep the elements that are already there (by tag and id), so that
 * neither focus nor half-typed words are lost. Strings become text nodes, whatever they look like; a node is itself.
 */
function draw(parent, ...wanted) {
  let at = parent.firstChild;
  for (const one of wanted.filter(Boolean)) {
    const [tag, { id = "" }, ...children] = Array.isArray(one) ? one : ["", {}];
    let node = at;
    const fits = () => (one.nodeType ? node === one : (node.localName ?? "") === tag && (node.id ?? "") === id);
    while (node && !fits()) node = node.nextSibling;
    while (node && at !== node) at = drop(at);
    node ??= parent.insertBefore(one.nodeType ? one : tag ? document.createElement(tag) : new Text(), at);
    at = node.nextSibling;
    if (tag) draw(change(node, one[1]), ...children);
    else if (node !== one && node.nodeValue !== one) node.nodeValue = one;
  }
  while (at) at = drop(at);
}

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function change(node, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (!(name in node)) node.setAttribute(name, value);
    else if (node[name] !== value && !(name === "value" && node.matches(":focus"))) node[name] = value;
  }
  return node;
}
