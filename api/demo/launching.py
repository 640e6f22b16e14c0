"""Launching: the shoemaker's campaigns, live at every start of the demo, and an account that may take money."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
from rich.console import Console

from api.demo.failures import DemoFailed
from widgets.examples.shoe_campaigns import campaigns


async def launch_campaigns(*, url: str, key: str, publishable_key: str, shop_url: str, console: Console) -> None:
    """Those that are not live are stored and published anew, from now. Raises DemoFailed for a call that is refused."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
        await _open_account(client, shop_url)
        body = {"key": publishable_key}
        live = {one["id"].rpartition("-")[0] for one in (await _ask(client, "POST", _CARDS, body))["campaigns"]}
        for document in campaigns(datetime.now(UTC)):
            if document["id"].rpartition("-")[0] not in live:
                await _ask(client, "PUT", f"/v1/campaigns/{document['id']}", document)
                await _ask(client, "POST", "/v1/campaigns:publish", {"id": document["id"]})
                console.print(f"Campaign {document['id']} is open", highlight=False)


async def _open_account(client: httpx2.AsyncClient, shop_url: str) -> None:
    """The stand-in takes the shop's word for all that Stripe would ask; at Stripe the merchant has to tell it."""
    back = {"return_url": shop_url}
    account = await _ask(client, "POST", _CONNECT, back)
    onboarding = account["onboarding_url"]
    if account["charges_enabled"] or onboarding is None or urlsplit(onboarding).hostname != "127.0.0.1":
        return
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as visitor:
        await visitor.post(onboarding)
    await _ask(client, "POST", _CONNECT, back)


# Any: JSON.
async def _ask(client: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any]) -> Any:
    answer = await client.request(method, path, json=body)
    if answer.is_error:
        raise DemoFailed(f"{method} {path} was refused: {answer.text}")
    return answer.json()


_CONNECT = "/v1/payment-account:connect"
_CARDS = "/public/v1/campaigns"
