"""Google XML: a Merchant feed (RSS or Atom) read item by item. Document types and entities are refused."""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser

from tenants.imports.records import FileRefused, Record, Table

PIECE = 1 << 16
LONGEST = 1_000_000
"""Characters of one item, its elements' names included."""
LONGEST_SILENCE = 4_000_000
"""Bytes of one tag or comment, which the parser holds until it ends."""
_ITEMS = ("item", "entry")


def read_google_xml(stream: BinaryIO) -> Table:
    """Items as records; a field that an item has more than once is a list. Raises FileRefused where the XML breaks."""
    return Table((), _read(stream))


def _read(stream: BinaryIO) -> Iterator[Record]:
    parser = make_parser()
    items = _Items(parser.getLineNumber)
    parser.forbid_dtd = True
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(items)
    parser.reset()
    broken: FileRefused | None = None
    try:
        while piece := stream.read(PIECE):
            items.silence += len(piece)
            parser.feed(piece)
            items.check_silence()
            yield from items.take()
        parser.close()
    except (DefusedXmlException, SAXException, LookupError, ValueError) as error:
        broken = _refusal(error)
    yield from items.take()  # also what stands right before a break
    if broken is not None:
        raise broken
    if not items.found:
        raise FileRefused("The XML holds no <item> and no <entry>: it is no Merchant feed.")


def _refusal(error: Exception) -> FileRefused:
    if isinstance(error, DefusedXmlException):
        return FileRefused("The XML holds a document type or entities, which are not read.")
    if isinstance(error, SAXParseException):
        return FileRefused(f"The XML breaks at line {error.getLineNumber()}: {error.getMessage()}.")
    if isinstance(error, SAXException):
        return FileRefused(f"The XML cannot be read: {error.getMessage()}.")
    return FileRefused("The XML names an encoding that is not known.")


class _Items(ContentHandler):
    """The item being read: its direct children by local name, their text."""

    def __init__(self, read_line: Callable[[], int | None]) -> None:
        super().__init__()
        self._read_line = read_line
        self.found = False
        self.silence = 0
        """Bytes given to the parser since it last told of anything."""
        self._done: list[Record] = []
        self._line, self._depth, self._size = 0, 0, 0
        self._cells: dict[str, Any] = {}
        self._text: list[str] = []

    def take(self) -> list[Record]:
        done, self._done = self._done, []
        return done

    def check_silence(self) -> None:
        if self.silence > LONGEST_SILENCE:
            raise FileRefused(f"The XML holds a tag or a comment of more than {LONGEST_SILENCE:,} bytes.")

    # The names are the handler's interface.
    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:  # noqa: N802
        self.silence = 0
        if self._depth:
            self._depth += 1
            self._grow(len(name[1]))
            if self._depth == 2:
                self._text = [attrs.get((None, "href")) or ""] if name[1] == "link" else []
        elif name[1] in _ITEMS:
            self._depth, self._line, self._cells, self._size = 1, self._read_line() or 0, {}, 0

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: N802
        if self._depth == 2:
            self._add(name[1], "".join(self._text).strip())
        elif self._depth == 1:
            self.found = True
            self._done.append(Record(self._line, self._cells))
        self._depth = max(0, self._depth - 1)

    def characters(self, content: str) -> None:
        self.silence = 0
        if self._depth:
            self._grow(len(content))
        if self._depth == 2:
            self._text.append(content)

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > LONGEST:
            raise FileRefused(f"The item at line {self._line} has more than {LONGEST:,} characters.")

    def _add(self, name: str, text: str) -> None:
        if name not in self._cells:
            self._cells[name] = text
        elif isinstance(self._cells[name], list):
            self._cells[name].append(text)
        else:
            self._cells[name] = [self._cells[name], text]
