"""Asset: a file that a shop's page loads from us, kept in memory with everything its answer needs.

The sources in `src` are for readers. What is served of them is put together and made small once, when the process
starts: `lastbook.js` with the parts it imports, `lastbook.css`, one module for each further element and language
(`lastbook-custom-en.js`) with its code, its words and its looks, a second one where an element has more once the
shopper acts (`lastbook-custom-more-en.js`), and modules that few pages need as they are (`lastbook-zh.js`,
`lastbook-template.js`).
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import deflate
import minify

SOURCE: Final = Path(__file__).parent / "src"
CORE: Final = "lastbook"
KIT: Final = "kit.js"
SMALLEST: Final = 12
"""The level of libdeflate: two in a hundred less than gzip's best, in half a millisecond a file."""

CONTENT_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

_WORDS: Final = re.compile(r"(?P<element>lastbook-[a-z]+)(?P<more>-more)?-(?P<language>[a-z]{2})\.js")
"""The file of an element's words in one language, or of those of its further module."""
_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "(?P<path>\./[\w./-]+)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?(?:function|const|let|class) )", re.MULTILINE)


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
    """Read everything that is served once: name (`lastbook.js`) → asset.

    Serve them with `Access-Control-Allow-Origin: *`: a module script and its stylesheet are fetched across origins.
    Raises minify.MinifyError where a source is no JavaScript, or two parts of one script give the same name away.
    """
    return MappingProxyType({name: make_asset(name, text) for name, text in _assemble(source)})


def make_asset(name: str, text: str) -> Asset:
    """One asset, as small as it can be with everything it says and does."""
    return pack(name, shrink(text, Path(name).suffix).encode())


def pack(name: str, body: bytes) -> Asset:
    """One asset of the bytes that are served."""
    return Asset(
        name=name,
        body=body,
        gzipped=bytes(deflate.gzip_compress(body, SMALLEST)),
        content_type=CONTENT_TYPES[Path(name).suffix],
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
    )


def shrink(text: str, suffix: str) -> str:
    """A script or style sheet that does the same in fewer bytes; what a script exports keeps its name."""
    return str(minify.string(CONTENT_TYPES[suffix].partition(";")[0], text))


def bundle(entry: Path) -> str:
    """A script and all it imports from files beside it, as one; parts stand before those that need them.

    All share one scope, so no two may declare the same name; names are imported as they are exported. Nothing of it is
    exported.
    """
    return "(() => {\n" + "".join(_parts(entry.resolve(), set())) + "})();\n"


def _parts(path: Path, there: set[Path]) -> Iterator[str]:
    if path in there:
        return
    there.add(path)
    text = path.read_text("utf-8")
    for found in _IMPORT.finditer(text):
        yield from _parts((path.parent / found["path"]).resolve(), there)
    yield _EXPORT.sub("", _IMPORT.sub("", text))


def _assemble(source: Path) -> Iterator[tuple[str, str]]:
    """Name and full text of each file that is served."""
    yield f"{CORE}.js", bundle(source / f"{CORE}.js")
    yield f"{CORE}.css", (source / f"{CORE}.css").read_text("utf-8")
    for path in sorted(source.glob(f"{CORE}-*.js")):
        words = _WORDS.fullmatch(path.name)
        if words is None and not path.with_name(f"{path.stem}-en.js").exists():
            yield path.name, path.read_text("utf-8")
        elif words is not None and words["more"]:
            yield path.name, path.read_text("utf-8") + (source / f"{words['element']}-more.js").read_text("utf-8")
        elif words is not None:
            yield path.name, element_module(source, words["element"], words["language"])


def element_module(source: Path, element: str, language: str) -> str:
    """A further element with its words, its looks and the kit that all have, as one; it exports the kit's `open`."""
    files = (f"{element}-{language}.js", KIT, f"{element}.js")
    code = "".join(_EXPORT.sub("", (source / name).read_text("utf-8")) for name in files)
    looks = shrink((source / f"{element}.css").read_text("utf-8"), ".css")
    known = f"const SPOKEN = {json.dumps(language)}, looks = {json.dumps(looks)};\n"
    return f"export const open = (() => {{\n{code}{known}return open;\n}})();\n"
