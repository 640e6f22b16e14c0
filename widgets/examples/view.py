"""View: how the demo is looked at, as the address of every page says: as whom, consent and language."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple
from urllib.parse import urlencode

from widgets.examples.brands import LANGUAGES, Language

Consent = Literal["auto", "granted", "denied"]
CONSENTS: Final[tuple[Consent, ...]] = ("auto", "granted", "denied")


class Shopper(NamedTuple):
    """Someone the demo can shop as."""

    external_id: str
    label: str


class View(NamedTuple):
    """What the switches say."""

    path: str
    shopper: Shopper | None = None
    consent: Consent = "auto"
    language: Language = "en"
    down: bool = False
    """Whether the page points at a Lastbook that is not there."""
    panel: bool = False
    """Whether the panel of the switches is open."""

    def link(self, path: str | None = None, **changes: object) -> str:
        """The address of a page (this one unless said otherwise), seen the same way but for the changes."""
        wanted = self._replace(panel=False)._replace(**changes)  # type: ignore[arg-type]  # names of fields
        said = {
            "shopper": wanted.shopper and wanted.shopper.external_id,
            "consent": "" if wanted.consent == "auto" else wanted.consent,
            "lang": "" if wanted.language == "en" else wanted.language,
            "api": "down" if wanted.down else "",
            "panel": "open" if wanted.panel else "",
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return (path or self.path) + (f"?{query}" if query else "")


def read_view(path: str, query: Mapping[str, str], shoppers: Sequence[Shopper]) -> View:
    """What the address does not say, or says of nobody, is as a stranger sees it."""
    shopper = next((one for one in shoppers if one.external_id == query.get("shopper")), None)
    consents: list[Consent] = [one for one in CONSENTS if one == query.get("consent")] or ["auto"]
    languages: list[Language] = [one for one in LANGUAGES if one == query.get("lang")] or ["en"]
    down, panel = query.get("api") == "down", query.get("panel") == "open"
    return View(path, shopper, consents[0], languages[0], down, panel)
