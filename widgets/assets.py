"""Asset: a file that a shop's page loads from us, kept in memory with everything its answer needs."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

SOURCE: Final = Path(__file__).parent / "src"

CONTENT_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

# Comments that own their lines: about a fifth of the bytes, of no use to a shopper. No build step is needed for that.
_COMMENTS: Final = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served."""

    name: str
    body: bytes
    gzipped: bytes
    content_type: str
    etag: str
    """Quoted, of the body; answer 304 when If-None-Match holds it."""


def load_assets(source: Path = SOURCE) -> Mapping[str, Asset]:
    """Read every script and stylesheet of `source` once: name (`lastbook.js`) → asset.

    Serve them with `Access-Control-Allow-Origin: *`: a module script and its stylesheet are fetched across origins.
    """
    files = sorted(path for path in source.iterdir() if path.suffix in CONTENT_TYPES)
    return MappingProxyType({path.name: read_asset(path) for path in files})


def read_asset(path: Path) -> Asset:
    """One asset, without the comments that own their lines."""
    body = _COMMENTS.sub("", path.read_text("utf-8")).encode()
    return Asset(
        name=path.name,
        body=body,
        gzipped=gzip.compress(body, 9, mtime=0),
        content_type=CONTENT_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
    )
