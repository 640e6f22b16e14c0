"""Snippet: what a shop writes into its page."""

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from widgets.releases import Release

SLOT: Final = {"name": "home-for-you", "layout": "carousel", "limit": "12"}


def make_snippet(
    base_url: str,
    key: str,
    *,
    release: Release | None = None,
    slot: Mapping[str, str] = SLOT,
    consent: str = "auto",
    style: str = "",
) -> str:
    """Style sheet, script and one slot: of a release, the script with its hash; without one, the newest.

    `base_url` is where we answer (https://lastbook.example), `key` a publishable key. `style` is where the shop serves
    its copy of the style sheet: browsers paint nothing before a linked sheet is there. The script is `async`: the
    shop's own deferred scripts, and its DOMContentLoaded, never wait for it.
    """
    base, channel = base_url.rstrip("/"), "v1" if release is None else release.version
    sheet = {"rel": "stylesheet", "href": style or f"{base}/w/{channel}/shop.css?key={key}"}
    script = {"type": "module", "async": "", "src": f"{base}/w/{channel}/lastbook.js"}
    if release is not None:
        script |= {"integrity": release.files["lastbook.js"], "crossorigin": "anonymous"}
    script |= {"data-key": key, "data-consent": consent}
    lines = [
        f"<link{_attributes(sheet)}>",
        f"<script{_attributes(script)}></script>",
        f"<lastbook-slot{_attributes(slot)}>",
        "  <!-- What your shop shows here already: seen until ready, on failure, and without JavaScript. -->",
        "</lastbook-slot>",
    ]
    return "\n".join(lines)


def _attributes(values: Mapping[str, str]) -> Markup:
    return Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in values.items())
