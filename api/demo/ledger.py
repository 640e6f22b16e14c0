"""Ledger of the demo: its keys, shown only once, in a private file, so that a second start need not load again."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from widgets.examples.shopper_token import SigningKey


class Entry(Struct, frozen=True, kw_only=True):
    """One merchant's keys, and whether everything is loaded and trained."""

    tenant_id: str
    publishable_key: str
    secret_key: str
    signing_key_id: str
    signing_seed: bytes
    loaded: bool = False
    outfitted: bool = False
    """Whether measures, options and the like are there."""
    shop_url: str = ""
    """Where the catalogue's pages and pictures are."""

    @property
    def signing(self) -> SigningKey:
        return SigningKey(self.signing_key_id, self.signing_seed)


class Ledger:
    """Entries by the merchant's short name, written at once and readable by us alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.entries: dict[str, Entry] = (
            msgspec.json.decode(file.read_bytes(), type=dict[str, Entry]) if file.exists() else {}
        )

    def put(self, slug: str, entry: Entry) -> None:
        self.entries[slug] = entry
        fresh = self._file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(msgspec.json.encode(self.entries))
        fresh.replace(self._file)
