/**
 * Shopper: whom the page is for, and what they allowed.
 *
 * `data-consent` is `granted` (the shop has asked), `denied` (slots and events have no identifier, nothing is kept), or
 * `auto`: a signed token is used, since the server knows what that shopper allows, and a visitor id only after
 * `lastbook.setConsent(true)`. Both answers are remembered. A browser that asks not to be tracked gets no visitor id.
 * What a shopper comes for by name (measures, preorders, buying again) is asked for by the token in every mode.
 */

import { attempt, consent, firstToken, key, random } from "./page.js";

const SHELF = "lastbook:" + key;
const FRESH_MS = 6e4;
const STALE_MS = 6e5;
const denied = consent === "denied";

let token = firstToken || undefined;
/** A random id of this browser; "" where the shopper refused, undefined where nobody has asked. */
let visitor = attempt(() => localStorage[SHELF]);
/** What was answered in this session, by question: [milliseconds, answer]. Beyond the page only with consent. */
let answers = {};

export const signedIn = () => !!token;
export const getToken = () => token;

/** What may be told of the shopper: nothing of a stranger, or of one who refused. */
export const who = () => (visitor === "" ? {} : { token, visitor });

/** @returns whether anything changes; then nothing that was answered so far is kept */
function become(newToken, newVisitor) {
  if (newToken === token && newVisitor === visitor) return false;
  [token, visitor, answers] = [newToken, newVisitor, {}];
  attempt(() => {
    delete sessionStorage[SHELF];
    delete localStorage[SHELF];
    if (visitor || (visitor === "" && !denied)) localStorage[SHELF] = visitor;
  });
  return true;
}

export const identified = (newToken) => become(newToken || undefined, visitor);
/** Another person may use this browser now. */
export const forgotten = () => become(undefined, visitor && random());
export const allowed = (yes) =>
  become(token, yes ? (navigator.globalPrivacyControl ? undefined : visitor || random()) : "");

// What was kept goes where the shop now says `denied`, or where the browser has come to ask not to be tracked.
if (denied || visitor || consent === "granted") allowed(!denied);
if (visitor) answers = attempt(() => JSON.parse(sessionStorage[SHELF])) ?? answers;

/**
 * What was answered to this question, if it is ten minutes old at most, whether it is less than one old, and a way to
 * keep a newer answer: for whom it was asked, and not once that shopper is to be forgotten.
 */
export function recall(question) {
  const known = answers;
  // A token is new on every page, the shopper in it is not.
  const shopper = attempt(() => JSON.parse(atob(token.split(".")[1])).sub) ?? token;
  const name = JSON.stringify([visitor === "" || shopper, visitor, question]);
  const age = (one) => Date.now() - (known[one]?.[0] ?? 0);
  const keep = (answer) => {
    known[name] = [Date.now(), answer];
    for (const one in known) if (age(one) > STALE_MS) delete known[one];
    if (visitor && known === answers) attempt(() => (sessionStorage[SHELF] = JSON.stringify(known)));
  };
  return { answer: age(name) < STALE_MS ? known[name][1] : undefined, fresh: age(name) < FRESH_MS, keep };
}
