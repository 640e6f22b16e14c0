"""Texts: the lines of a file in an encoding that was detected, each at most so long."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from charset_normalizer import from_bytes

from tenants.imports.records import FileRefused

SAMPLE = 256_000
"""Bytes that the encoding and the delimiter are told from."""
LONGEST = 1_000_000
"""Characters of a line, and of the lines of a row. The longest document of the record takes a tenth of it."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class BadLine(ValueError):
    """A line that cannot be used; the next one can be asked for."""


def detect_encoding(sample: bytes) -> str:
    """By its mark, else UTF-8 if the sample is that, else the likeliest. Bytes that UTF-8 cannot hold come later as a
    row's own error.
    """
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError as wrong:
        # One bad line in a file of good UTF-8 is a bad line; a file in another encoding goes wrong at every accent.
        good = sample.decode("utf-8", "ignore")
        accents = sum(not char.isascii() for char in good)
        strange = len(sample) - len(good.encode())
        return "utf-8" if accents > strange else _likeliest(sample, wrong)
    return "utf-8"


def check_encoding(name: str) -> str:
    """Raises FileRefused for an encoding that is not known, or is no encoding of text."""
    try:
        known = codecs.lookup(name)
        "".encode(known.name)
    except (LookupError, ValueError):
        raise FileRefused(f"The encoding {name!r} is not known.") from None
    return known.name


class Lines(Iterator[str]):
    """Lines with their ends. Asking for the next one may raise BadLine, after which the line behind it comes.

    Not a generator: that would end with the first exception.
    """

    size: int
    """Characters since the reader of rows last set it to 0: quotes can make a row of any number of lines."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._text = io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="")
        self.size = 0

    def __next__(self) -> str:
        try:
            line = self._text.readline(LONGEST)
            if not line:
                raise StopIteration
            if len(line) == LONGEST and not line.endswith("\n"):
                self._skip()
                raise BadLine(f"has more than {LONGEST:,} characters")
        except UnicodeDecodeError:
            # Only encodings of two and four bytes a character come here, and they cannot find their place again.
            raise FileRefused("The file changes its encoding, or is cut, in the middle of a character.") from None
        if not line.isascii() or "\0" in line:
            _check(line)
        self.size += len(line)
        if self.size > LONGEST:
            raise BadLine(f"ends a row that has more than {LONGEST:,} characters")
        return line

    def _skip(self) -> None:
        while (rest := self._text.readline(LONGEST)) and not rest.endswith("\n"):
            pass


def _check(line: str) -> None:
    if "\0" in line:
        raise BadLine("texts must not hold the character NUL")
    try:
        line.encode()
    except UnicodeEncodeError:
        raise BadLine("holds bytes that are not in the file's encoding") from None


def _likeliest(sample: bytes, wrong: UnicodeDecodeError) -> str:
    # What stands around the first strange byte tells more than the start of the file.
    around = sample[max(0, wrong.start - 32_000) : wrong.start + 32_000]
    best = from_bytes(around, cp_isolation=list(_LIKELY)).best()
    return best.encoding if best is not None else "cp1252"


_LIKELY = ("cp1252", "cp1250", "cp1251", "iso8859_15", "iso8859_2", "mac_roman", "utf_16", "shift_jis", "gb18030")
