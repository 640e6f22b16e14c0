/** Wire: one question for all slots, one beacon for all events. */

import { API, beside, key, say } from "./page.js";
import { getToken, identified, who } from "./shopper.js";

const LONGEST_ADDRESS = 8000;

/** Get a file; rejects on a refusal, with what it says. */
async function load(address, options) {
  const response = await fetch(address, { credentials: "omit", ...options });
  const { ok, status } = response;
  if (ok) return response;
  throw Object.assign(Error("status " + status), await response.json().catch(() => {}), { status });
}

/** Ask an address of ours; rejects on a refusal, on a broken answer, and by `signal`. */
export async function post(path, question, signal) {
  // A string is sent as text/plain, so the browser needs no preflight.
  const body = JSON.stringify({ key, token: getToken(), ...question });
  return (await load(API + path, { method: "POST", body, signal })).json();
}

/** Whether the shop was told that its token had ended, and nothing was taken since. */
let told;

/**
 * A stranger's page is fetched as any file is, by an address that caches may know: what is in the cart, or whom
 * something is for, stands in none. A shopper whose token is not taken becomes a stranger: it has ended while the page
 * was open, and `lastbook:expired` asks the shop for another.
 */
export async function askSlots(page, { token, visitor } = who()) {
  const address = `${API}slots?key=${key}&page=${encodeURIComponent(JSON.stringify(page))}`;
  const own = token || visitor || page.slots.some(({ cart, person }) => cart || person);
  if (!own && address.length <= LONGEST_ADDRESS) return (await load(address)).json();
  try {
    const answer = await post("slots", { token, visitor, ...page });
    told = 0;
    return answer;
  } catch (error) {
    if (error.status !== 401 || !token) throw error;
    if (getToken() === token) identified();
    told ||= say(document, "expired");
    return askSlots(page, {});
  }
}

let sheet;

/** The looks of the slots, once a page, unless a sheet of the page has them: of ours, or a copy on the shop's host. */
export async function looks() {
  if (sheet || getComputedStyle(document.documentElement).getPropertyValue("--lastbook")) return;
  const text = await (await load(beside("lastbook.css"))).text();
  // As an object, which `style-src 'self'` allows. Two questions at once may both come here.
  if (!sheet) document.adoptedStyleSheets.push((sheet = new CSSStyleSheet()));
  sheet.replaceSync(text);
}
