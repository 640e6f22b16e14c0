"""Memory: it goes by the batch and not by the file."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tenants.imports.google_xml import read_google_xml
from tenants.imports.records import FileRefused

MEASURE = """
import resource, sys
from pathlib import Path
from zoneinfo import ZoneInfo
from tenants.imports.cells import Context
from tenants.imports.documents import Bad, read_documents
from tenants.imports.files import open_file
from tenants.imports.kinds import KINDS
from tenants.imports.plans import Options, make_plan, open_table

def read(path):
    plan = make_plan(path, "products", Options())
    context = Context(currency="EUR", zone=ZoneInfo("UTC"), order=plan.dates, site="", known={})
    good = bad = 0
    with open_file(path) as (stream, _):
        for row in read_documents(open_table(stream, plan), KINDS["products"], plan, context, skip=0):
            if isinstance(row, Bad):
                bad += 1
            else:
                good += 1
    return good, bad

read(Path(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
good, bad = read(Path(sys.argv[2]))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(good, bad, (after - before) // 1024)
"""
ALLOWED_MB = 40
LINES = int(os.environ.get("LASTBOOK_IMPORT_LINES", "300000"))
XML = "<item><id>p{n}</id><title>Mug</title><link>https://shop.example/p{n}</link><price>1.00</price></item>\n"
NDJSON = '{{"id":"p{n}","title":"Mug","url":"https://shop.example/p{n}","price_minor":100,"currency":"EUR"}}\n'
CSV = "p{n},Mug,https://shop.example/p{n},1.00\n"
FORMS = {
    "csv": ("id,title,url,price\n", CSV, ""),
    "ndjson": ("", NDJSON, ""),
    "xml": ("<rss><channel>", XML, "</channel></rss>"),
}


@pytest.mark.parametrize("form", FORMS)
def test_b2_a_long_file_takes_no_more_memory_than_a_short_one(form: str, tmp_path: Path) -> None:
    short, long = _write(tmp_path / "short", form, 2_000), _write(tmp_path / "long", form, LINES)

    assert long.stat().st_size > 10_000_000
    good, bad, grown = _measure(short, long)
    assert (good, bad) == (LINES, 0)
    assert grown < ALLOWED_MB


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_b2_a_line_of_a_gigabyte_is_one_row_error_in_flat_memory(form: str, tmp_path: Path) -> None:
    """The line is a hole in the file: it takes no disk, and reads as zeros."""
    start, line, _ = FORMS[form]
    short, long = _write(tmp_path / "short", form, 2_000), tmp_path / "long"
    with long.open("wb") as file:
        file.write((start + line.format(n=1)).encode())
        file.seek(1_000_000_000, 1)
        file.write(("\n" + line.format(n=2)).encode())

    good, bad, grown = _measure(short, long)
    assert (good, bad) == (2, 1)
    assert grown < ALLOWED_MB


def test_b2_a_row_of_quoted_lines_without_end_is_a_row_error_in_flat_memory(tmp_path: Path) -> None:
    start, line, _ = FORMS["csv"]
    short, long = _write(tmp_path / "short", "csv", 2_000), tmp_path / "long"
    with long.open("w") as file:
        file.write(start + line.format(n=1))
        file.writelines(['"' + "a" * 1000, *(['\n","' + "a" * 1000] * 150_000)])

    good, bad, grown = _measure(short, long)
    assert good == 1
    assert bad >= 1
    assert grown < ALLOWED_MB


@pytest.mark.parametrize("part", ["<a{n}/>", "<!-- {n:>1000} -->", " b{n}='{n:>1000}'"])
def test_b2_an_item_of_endless_tags_is_refused(part: str) -> None:
    """Elements without text, comments behind each other, and one tag with its attributes."""
    tag = part.startswith(" ")
    body = "<rss><channel><item>" + ("<a" if tag else "")
    body += "".join(part.format(n=n) for n in range(250_000 if part == "<a{n}/>" else 6_000))

    with pytest.raises(FileRefused, match="more than"):
        list(read_google_xml(io.BytesIO(body.encode())).rows)


def _write(path: Path, form: str, lines: int) -> Path:
    start, line, end = FORMS[form]
    with path.open("w") as file:
        file.write(start)
        file.writelines(line.format(n=n) for n in range(lines))
        file.write(end)
    return path


def _measure(short: Path, long: Path) -> list[int]:
    """In a process of its own: good rows, bad rows, and megabytes by which the long file raised the peak."""
    command = [sys.executable, "-c", MEASURE, str(short), str(long)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=max(120, LINES // 10_000), check=True).stdout
    return [int(word) for word in said.split()]
