"""Policy: a Content-Security-Policy, read as far as it concerns us (Content Security Policy Level 3, W3C)."""

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit

Directives = dict[str, list[str]]
NEEDS: Final = {"script-src": "/w/v1/lastbook.js", "connect-src": "/public/v1/slots"}
"""What must be allowed, and an address of ours that it is about."""


def lacks(policies: Iterable[str], *, page: str, api: str, links_sheets: bool) -> list[str]:
    """Directives to add, `connect-src https://host`, so that every policy lets us work. All policies hold at once."""
    needed = dict(NEEDS) | ({"style-src": "/w/v1/lastbook.css"} if links_sheets else {})
    found = [
        f"{directive} {api}"
        for policy in policies
        for one in split_policies(policy)
        for directive, path in needed.items()
        if not allows(one, directive, api + path, page)
    ]
    return list(dict.fromkeys(found))


def split_policies(text: str) -> Iterator[Directives]:
    """Each of several policies in one header; the first of two directives of one name counts."""
    for policy in text.replace("\n", ",").split(","):
        directives: Directives = {}
        for part in policy.split(";"):
            name, *sources = part.split() or [""]
            if name:
                directives.setdefault(name.lower(), sources)
        if directives:
            yield directives


def allows(policy: Directives, directive: str, address: str, page: str) -> bool:
    """Whether an address may be fetched. A script with a nonce or a hash is taken as allowed, for it says so itself."""
    sources = policy.get(f"{directive}-elem", policy.get(directive, policy.get("default-src")))
    if sources is None:
        return True
    trusted = ("'nonce-", "'strict-dynamic'", "'sha")
    if directive == "script-src" and any(one.lower().startswith(trusted) for one in sources):
        return True
    return any(_matches(source, address, page) for source in sources)


def _matches(source: str, address: str, page: str) -> bool:
    to, own, lower = urlsplit(address), urlsplit(page), source.lower()
    if lower == "'self'":
        return (to.scheme, to.netloc) == (own.scheme, own.netloc)
    if lower == "*":
        return to.scheme in {"http", "https", own.scheme}
    if lower.endswith(":"):
        return lower[:-1] == to.scheme or (lower == "http:" and to.scheme == "https")
    wanted = urlsplit(lower if "://" in lower else f"{own.scheme}://{lower}")
    return _scheme(wanted.scheme, to.scheme) and _host(wanted.netloc, to.netloc) and _path(wanted.path, to.path)


def _scheme(wanted: str, is_: str) -> bool:
    return wanted == is_ or (wanted, is_) == ("http", "https")


def _host(wanted: str, is_: str) -> bool:
    host, _, port = wanted.partition(":")
    is_host, _, is_port = is_.partition(":")
    if port != is_port and port != "*":
        return False
    return is_host.endswith(host[1:]) if host.startswith("*.") else host == is_host


def _path(wanted: str, is_: str) -> bool:
    return wanted in {"", "/"} or (is_.startswith(wanted) if wanted.endswith("/") else is_ == wanted)
