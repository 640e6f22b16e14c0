"""Lengths: whole tenths of a millimetre inside; mm, cm and inches only where somebody tells or reads them."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

Unit = Literal["mm", "cm", "in"]

TENTH_MM = {"mm": 10, "cm": 100, "in": 254}
"""Tenths of a millimetre in one of each. An inch is 25.4 mm by definition (ISO 80000-3)."""
STEP = {"mm": Decimal("0.1"), "cm": Decimal("0.01"), "in": Decimal("0.001")}
"""How finely each is said. A thousandth of an inch is a quarter of a tenth of a millimetre, so nothing is lost."""


def to_tenth_mm(value: Decimal, unit: Unit) -> int:
    """The nearest tenth of a millimetre; halves go up."""
    return int((value * TENTH_MM[unit]).quantize(Decimal(1), ROUND_HALF_UP))


def from_tenth_mm(value_tenth_mm: int, unit: Unit) -> Decimal:
    """Exact in mm and cm; inches to three decimals, halves up. `to_tenth_mm` brings back the same whole number."""
    return (Decimal(value_tenth_mm) / TENTH_MM[unit]).quantize(STEP[unit], ROUND_HALF_UP)


def say_length(value_tenth_mm: int, unit: Unit) -> str:
    """For people, as in '25.4 cm': without zeros at its end."""
    said = f"{from_tenth_mm(value_tenth_mm, unit)}"
    return f"{said.rstrip('0').rstrip('.')} {unit}"
