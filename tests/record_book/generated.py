"""Generated calls of the record book: what its document cannot say, such as which keys and tokens there are."""

from typing import Any

from tests.record_book.shoemaker import agree
from tests.support.shop import Document, ShopClient

KEY = "generated"


async def prepare_record_book(shop: ShopClient) -> None:
    """A key, and consent of the shopper '0', who must be there."""
    definition = {"id": KEY, "label": {"en": "Generated"}}
    assert (await shop.api.put(f"/v1/measurement-definitions/{KEY}", json=definition)).status_code == 200
    await agree(shop, "0")


def make_possible(shop: ShopClient, path: str, body: Document, parameters: dict[str, Any]) -> None:
    """Change a generated call into one of the shopper '0' with that key. Other addresses' calls stay as they are."""
    if path.startswith("/v1/measurement-") and "id" in parameters:
        parameters["id"] = body["id"]
    if path.startswith("/public/v1/measurements"):
        body.pop("person", None)
        body["token"] = shop.token("0")
    if path == "/v1/measurement-profiles/{id}":
        body |= {"shopper_id": "0", "person_id": None, "measured_at": "2026-03-02T12:00:00Z"}
    if "measurement" in path and "values" in body:
        body["values"] = [
            one | {"key": KEY, "side": "none", "unit": "mm", "value": 251, "tolerance": 2} for one in body["values"][:1]
        ]
