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

# What a browser does not need, about a fifth of the bytes. Each pattern first matches what must stay as it is (strings,
# regular expressions), then what goes. No names are changed, so the files read like their sources; no build step.
_SCRIPT: Final = re.compile(
    r"""(?P<stays>"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|[(,=:]\s*/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/)
    |[ \t]*(?://[^\n]*|/\*.*?\*/)
    |,?\s*(?P<closes>[)\]}])[ \t]*
    |\s*(?P<opens>[{(\[;,])\s*
    |\s+(?P<dot>\.)
    |[ \t]*(?P<sign>[=?:<>|&*!]+)[ \t]*
    |[ \t](?P<between>[+-])[ \t](?![+-])
    |(?P<line>\n)\s*""",
    re.VERBOSE | re.DOTALL,
)
_STYLE: Final = re.compile(
    r"""(?P<stays>"[^"]*")|\s*/\*.*?\*/|;?\s*(?P<closes>\})\s*|\s*(?P<opens>[{;,])\s*|(?P<sign>:)[ ]|(?P<line>\n)\s*""",
    re.VERBOSE | re.DOTALL,
)


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
    """One asset, without comments and without the white space that only readers need."""
    return make_asset(path.name, strip(path.read_text("utf-8"), path.suffix).encode())


def make_asset(name: str, body: bytes) -> Asset:
    """One asset of the bytes that are served."""
    return Asset(
        name=name,
        body=body,
        gzipped=gzip.compress(body, 9, mtime=0),
        content_type=CONTENT_TYPES[Path(name).suffix],
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
    )


def strip(text: str, suffix: str) -> str:
    """A script or style sheet that does the same in fewer bytes."""
    pattern = _SCRIPT if suffix == ".js" else _STYLE
    return pattern.sub(lambda found: found[found.lastgroup] if found.lastgroup else "", text).strip()
