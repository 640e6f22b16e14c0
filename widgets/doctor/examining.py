"""Examining: `lastbook-server doctor URL`, from opening a browser to the exit code."""

import json
import sys
from urllib.parse import urlsplit

from rich.console import Console

from widgets.doctor.browsers import NoBrowser, open_browser
from widgets.doctor.judging import Finding, judge
from widgets.doctor.telling import as_document, is_well, tell
from widgets.doctor.visit import DESKTOP, PHONE, PageUnreachable, Visit, visit


async def examine(url: str, *, console: Console, phone: bool = False, as_json: bool = False) -> bool:
    """Print what was found; True where nothing is bad. Nothing to open the page with, or no page, is bad."""
    if urlsplit(url).scheme not in {"http", "https"}:
        console.print(f"[red]{url} is no address of a page:[/] it begins with https://", soft_wrap=True)
        return False
    try:
        async with open_browser() as browser:
            seen = await visit(browser, url, PHONE if phone else DESKTOP)
    except (NoBrowser, PageUnreachable) as failed:
        console.print(str(failed), style="red", markup=False, soft_wrap=True)
        return False
    findings = judge(seen)
    _print(seen, findings, console, as_json=as_json)
    return is_well(findings)


def _print(seen: Visit, findings: tuple[Finding, ...], console: Console, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(as_document(seen, findings)) + "\n")
    else:
        tell(findings, console)
