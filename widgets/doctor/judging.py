"""Finding: one thing that the doctor looked at, whether it is well, and what to do where it is not."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from widgets.doctor.policies import lacks
from widgets.doctor.visit import Fetched, Script, Visit

Verdict = Literal["good", "warning", "bad"]
CONSENT: Final = ("granted", "denied", "auto")
CHANNEL: Final = re.compile(r"/w/(?P<version>[^/]+)/lastbook\.js$")
FILES_BYTES, ANSWER_BYTES, MODULES = 10_000, 6_000, 2
"""Budgets of a page: bytes of scripts and style sheets and of an answer, both gzip; modules beside the core."""


@dataclass(frozen=True, slots=True)
class Finding:
    """About one check."""

    check: str
    verdict: Verdict
    said: str
    hint: str = ""
    """What to do; empty where all is well."""


def judge(seen: Visit) -> tuple[Finding, ...]:
    """In the order of the checks below; a page without the snippet is judged by that alone."""
    if not seen.scripts:
        return (*_page(seen), _no_snippet())
    return tuple(finding for check in CHECKS for finding in check(seen))


def _page(seen: Visit) -> Iterator[Finding]:
    good = 200 <= seen.status < 300
    hint = "" if good else "Name a page of the shop that answers without signing in."
    yield Finding("page", "good" if good else "bad", f"{seen.url} answered {seen.status}.", hint)


def _no_snippet() -> Finding:
    hint = (
        '<script type="module" src="https://HOST/w/v1/lastbook.js" data-key="lb_pk_…"></script> belongs into the head.'
    )
    return Finding("snippet", "bad", "The page has no script of ours.", hint)


def _snippet(seen: Visit) -> Iterator[Finding]:
    script, channel = seen.scripts[0], CHANNEL.search(seen.scripts[0].src)
    pinned = channel is not None and channel["version"] != "v1"
    name = f"pinned to {channel['version']}" if channel and pinned else "evergreen"
    yield from _loaded(seen, script)
    if script.type != "module":
        yield Finding("snippet", "bad", "The script is not a module.", 'Write <script type="module" …>.')
    if len(seen.scripts) > 1:
        yield Finding("snippet", "warning", f"The script is loaded {len(seen.scripts)} times.", "Once is enough.")
    if pinned and not script.integrity:
        yield Finding("channel", "warning", f"{name}, without integrity.", "Its hash stands in /w/v1/versions.")
    elif script.integrity and not pinned:
        hint = "Pin a version (/w/VERSION/lastbook.js) or leave integrity out."
        yield Finding("channel", "bad", "Evergreen with integrity: the next release will not load.", hint)
    else:
        yield Finding("channel", "good", f"{name}{', with integrity' if script.integrity else ''}.".capitalize())


def _loaded(seen: Visit, script: Script) -> Iterator[Finding]:
    if seen.ran:
        yield Finding("snippet", "good", f"Found: {script.src}")
        return
    came = [one.status for one in seen.fetched if one.path.endswith("/lastbook.js")]
    status = f"it answered {came[0]}" if came and came[0] else "it was blocked"
    hint = "See its address, its integrity, and the policy below."
    yield Finding("snippet", "bad", f"{script.src} did not run: {status}.", hint)


def _key(seen: Visit) -> Iterator[Finding]:
    key = seen.scripts[0].key
    if not key:
        yield Finding("key", "bad", "The script has no data-key.", 'Add data-key="lb_pk_…", the publishable key.')
    elif not key.startswith("lb_pk_"):
        hint = "Revoke it now (lastbook-server keys SHOP --revoke ID) and put the publishable key, lb_pk_…, there."
        said = "A key that is not publishable stands in the page, where everybody can read it."
        yield Finding("key", "bad", said, hint)
    elif seen.key_status == 200:
        yield Finding("key", "good", f"{key[:10]}… is valid.")
    else:
        hint = "lastbook-server keys SHOP lists the keys; another server's key is not known here."
        yield Finding("key", "bad", f"The server answers {seen.key_status} to the key.", hint)


def _policy(seen: Visit) -> Iterator[Finding]:
    ours = seen.scripts[0].origin
    missing = lacks(seen.policies, page=seen.url, api=ours, links_sheets=any(s.startswith(ours) for s in seen.sheets))
    broken = [one for one in seen.violations if one.blocked.startswith(ours) or f"{ours}/w/" in one.source]
    if missing:
        yield Finding("policy", "bad", "The Content-Security-Policy keeps us out.", "Add " + "; ".join(missing))
    elif broken:
        said = ", ".join(sorted({f"{one.directive} ({one.blocked})" for one in broken}))
        yield Finding("policy", "bad", f"Violated by us: {said}.", "Allow it, or tell us: this should not be.")
    elif not seen.policies:
        said = "There is no Content-Security-Policy; nothing keeps us out, nor anybody else."
        hint = f"script-src 'self' {ours}; connect-src {ours}; style-src 'self' {ours} is enough for us."
        yield Finding("policy", "warning", said, hint)
    else:
        yield Finding("policy", "good", "The Content-Security-Policy lets us work and was not violated.")


def _consent(seen: Visit) -> Iterator[Finding]:
    mode = seen.scripts[0].consent or "auto"
    if mode not in CONSENT:
        hint = "One of granted, denied, auto."
        yield Finding("consent", "bad", f"data-consent is {mode!r}, which says nothing.", hint)
    elif mode != "granted" and seen.kept:
        said = f"data-consent is {mode}, and yet the browser keeps {', '.join(seen.kept)}."
        yield Finding("consent", "bad", said, "Call lastbook.setConsent(true) only once the shopper agreed.")
    else:
        yield Finding("consent", "good", f"{mode}{'' if seen.scripts[0].consent else ' (the default)'}.")


def _elements(seen: Visit) -> Iterator[Finding]:
    if not seen.elements:
        yield Finding("elements", "warning", "No element of ours is on this page.", "<lastbook-slot name=…> shows one.")
    for one in seen.elements:
        name = f"{one.tag} {one.name}".strip()
        if not one.visible:
            yield Finding("elements", "good", f"{name}: waits in a part of the page that is closed.")
        elif one.state in {"error", "", "idle", "loading"}:
            hint = "The shop's own products stay. Look at the network panel for what we were answered."
            yield Finding("elements", "bad", f"{name}: {one.state or 'not started'}.", hint)
        elif one.state == "empty":
            hint = "Its answer says why; POST /v1/recommendations:explain does too."
            yield Finding("elements", "warning", f"{name}: nothing to show.", hint)
        else:
            yield Finding("elements", "good", f"{name}: {one.state}.")


def _shift(seen: Visit) -> Iterator[Finding]:
    added = round(max(seen.shift - seen.shift_without, 0.0), 4)
    said = f"{added:.3f} added by us ({seen.shift_without:.3f} without us)."
    if added == 0:
        yield Finding("layout shift", "good", said)
    else:
        hint = f"Reserve the room: link /w/v1/shop.css, or size what stands there. Moved: {', '.join(seen.moved)}."
        yield Finding("layout shift", "warning" if added < 0.1 else "bad", said, hint)


def _weight(seen: Visit) -> Iterator[Finding]:
    files = [one for one in seen.fetched if one.path.startswith("/w/")]
    answers = [one for one in seen.fetched if one.kind == "fetch" and one not in files]
    size, modules = sum(one.wire_bytes for one in files), _modules(files)
    said = f"{size:,} bytes in {len(files)} files, {len(answers)} answers, {_beacons(seen)} beacons."
    if size > FILES_BYTES or modules > MODULES:
        hint = f"At most {FILES_BYTES:,} bytes and {MODULES} modules. Does a proxy take the compression away?"
        yield Finding("weight", "warning", said, hint)
    elif heavy := [one for one in answers if one.gzip_bytes > ANSWER_BYTES]:
        hint = f"{heavy[0].path} answered {heavy[0].gzip_bytes:,} bytes (gzip): ask for fewer products a page."
        yield Finding("weight", "warning", said, hint)
    else:
        yield Finding("weight", "good", said)


def _access(seen: Visit) -> Iterator[Finding]:
    if not seen.flaws:
        yield Finding("accessibility", "good", "axe finds nothing inside our elements (WCAG 2.2 AA).")
    for flaw in seen.flaws:
        said = f"{flaw.rule}: {flaw.help}, at {len(flaw.where)} places: {flaw.where[0]}"
        yield Finding("accessibility", "bad", said, "Often a colour of the theme, or the shop's own children.")


def _events(seen: Visit) -> Iterator[Finding]:
    statuses = [one.status for one in seen.fetched if one.path.endswith("/events")]
    if 202 in statuses:
        yield Finding("events", "good", "The server has what was seen (202).")
    elif statuses:
        yield Finding("events", "bad", f"The beacon was answered {statuses[0] or 'nothing'}.", "See key and policy.")
    else:
        yield Finding("events", "warning", "Nothing was told: no product of ours was seen for a second.")


def _console(seen: Visit) -> Iterator[Finding]:
    if seen.errors:
        yield Finding("console", "bad", f"We said: {seen.errors[0]}", "This should not be: please tell us.")
    else:
        yield Finding("console", "good", "No word from us.")


def _modules(files: list[Fetched]) -> int:
    return len({one.path for one in files if one.kind == "script"}) - 1


def _beacons(seen: Visit) -> int:
    return sum(one.path.endswith("/events") for one in seen.fetched)


CHECKS: Final[tuple[Callable[[Visit], Iterator[Finding]], ...]] = (
    _page, _snippet, _key, _policy, _consent, _elements, _shift, _weight, _access, _events, _console,
)  # fmt: skip
