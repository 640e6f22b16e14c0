"""Snippet: what a shop writes into its page."""

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup, escape

from widgets.releases import Release

SLOT: Final = {"name": "home-for-you", "layout": "carousel", "limit": "12"}


def make_snippet(
    base_url: str, key: str, *, release: Release | None = None, slot: Mapping[str, str] = SLOT, consent: str = "auto"
) -> str:
    """Links, script and one slot. With a release, its files and their hashes; without, the newest ones.

    `base_url` is where we answer (https://lastbook.example), `key` a publishable key.
    """
    base = base_url.rstrip("/")
    script = {"type": "module", **_file(base, "lastbook.js", "src", release), "data-key": key, "data-consent": consent}
    lines = [
        f"<link{_attributes({'rel': 'stylesheet', **_file(base, 'lastbook.css', 'href', release)})}>",
        f"<link{_attributes({'rel': 'stylesheet', 'href': f'{base}/w/v1/shop.css?key={key}'})}>",
        f"<script{_attributes(script)}></script>",
        f"<lastbook-slot{_attributes(slot)}>",
        "  <!-- What your shop shows here already: seen until ready, on failure, and without JavaScript. -->",
        "</lastbook-slot>",
    ]
    return "\n".join(lines)


def _file(base: str, name: str, attribute: str, release: Release | None) -> dict[str, str]:
    if release is None:
        return {attribute: f"{base}/w/v1/{name}"}
    address = f"{base}/w/{release.version}/{name}"
    return {attribute: address, "integrity": release.files[name], "crossorigin": "anonymous"}


def _attributes(values: Mapping[str, str]) -> Markup:
    return Markup("").join(Markup(' {}="{}"').format(name, escape(value)) for name, value in values.items())
