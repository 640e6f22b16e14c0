"""Telling: findings as a person reads them, and as a program does."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from widgets.doctor.judging import Finding, Verdict
from widgets.doctor.visit import Visit

SIGNS: Final[dict[Verdict, tuple[str, str]]] = {
    "good": ("✓", "green"),
    "warning": ("!", "yellow"),
    "bad": ("✗", "red"),
}


def is_well(findings: Sequence[Finding]) -> bool:
    """Nothing is bad; warnings are no illness."""
    return all(finding.verdict != "bad" for finding in findings)


def tell(findings: Sequence[Finding], console: Console) -> None:
    """A line a finding, what to do below it, and a sentence in the end."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        sign, colour = SIGNS[finding.verdict]
        said: list[Text] = [Text(finding.said)]
        if finding.hint:
            said.append(Text(finding.hint, style="dim"))
        table.add_row(Text(sign, style=colour), Text(finding.check, style="bold"), Group(*said))
    console.print(table)
    bad = sum(finding.verdict == "bad" for finding in findings)
    console.print(f"[red]{bad} to put right." if bad else "[green]All is well.")


def as_document(seen: Visit, findings: Sequence[Finding]) -> dict[str, Any]:
    """For `--json`: the judgement, and all that was seen."""
    return {"url": seen.url, "good": is_well(findings), "findings": [asdict(one) for one in findings], **_facts(seen)}


def _facts(seen: Visit) -> dict[str, Any]:
    return {
        "layout_shift": round(max(seen.shift - seen.shift_without, 0.0), 4),
        "bytes": sum(one.wire_bytes for one in seen.fetched),
        "requests": [asdict(one) for one in seen.fetched],
        "elements": [asdict(one) for one in seen.elements],
        "axe_violations": len(seen.flaws),
    }
