"""Charts of the tests: a shoemaker's by Mondopoint length and width, and shirts by EN 13402-3 chest and waist girth."""

from tests.support.shop import Document, ShopClient

LENGTHS = range(220, 300, 5)
WIDTHS = (90, 98, 106)
CHEST = {"S": (86, 94), "M": (94, 102), "L": (102, 110), "XL": (110, 118)}
"""Chest girth in cm by letter code, men (EN 13402-3); the waist of the drop of 12 cm goes with it."""


def mondopoint(chart_id: str = "shoes", **fields: object) -> Document:
    """Sizes such as 255/98: feet from 253 to 257.9 mm long and from 94 to 101.9 mm wide."""
    rows = [
        {"size": f"{length}/{width}", "ranges": [
            {"key": "foot_length", "min": length - 2, "max": length + 2.9},
            {"key": "foot_width", "min": width - 4, "max": width + 3.9},
        ]}
        for length in LENGTHS for width in WIDTHS
    ]  # fmt: skip
    return {"id": chart_id, "kind": "foot", "system": "mondopoint", "unit": "mm", "rows": rows} | fields


def shirts(chart_id: str = "shirts", **fields: object) -> Document:
    rows = [
        {"size": size, "ranges": [
            {"key": "chest_girth", "min": low, "max": high}, {"key": "waist_girth", "min": low - 12, "max": high - 12},
        ]}
        for size, (low, high) in CHEST.items()
    ]  # fmt: skip
    return {"id": chart_id, "kind": "upper_body", "system": "letters", "unit": "cm", "rows": rows} | fields


CSV = """chart,kind,system,unit,products,size,foot_length_min,foot_length_max
cloth,foot,eu,mm,boots;slippers,40,248,254.4
cloth,,,,,41,254.5,261
felt,foot,eu,cm,,40,24.8,
felt,,,,,41,,26.1
"""


def foot(length: float, width: float | None = None, *, unit: str = "mm", side: str = "none") -> list[Document]:
    """As somebody types it."""
    typed = {"foot_length": length} | ({} if width is None else {"foot_width": width})
    return [{"key": key, "value": value, "unit": unit, "side": side} for key, value in typed.items()]


async def put_chart(shop: ShopClient, document: Document) -> None:
    answer = await shop.api.put(f"/v1/size-charts/{document['id']}", json=document)
    assert answer.status_code == 200, answer.text


async def advise(shop: ShopClient, product_id: str, measurements: list[Document], **more: object) -> Document:
    """What the merchant's server is told."""
    answer = await shop.api.post(
        "/v1/size-advice", json={"product_id": product_id, "measurements": measurements, **more}
    )
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def ask(shop: ShopClient, product_id: str, measurements: list[Document], **more: object) -> Document:
    """What a page is told."""
    body = {"key": shop.keys.publishable.secret, "product": product_id, "measurements": measurements, **more}
    answer = await shop.page.post("/public/v1/size-advice", json=body)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


async def say(shop: ShopClient, product_id: str, **verdicts: int) -> None:
    """So many voices of each verdict: small=12, true=3."""
    voices = [
        {"id": f"{product_id}-{verdict}-{n}", "product_id": product_id, "size": "M", "verdict": verdict,
         "source": "return"}
        for verdict, count in verdicts.items() for n in range(count)
    ]  # fmt: skip
    answer = await shop.push("fit-feedback", voices)
    assert answer.json()["created"] == len(voices), answer.text
