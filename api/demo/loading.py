"""Loading: a merchant registered, their data pushed through the API, and the first model trained by the worker."""

import asyncio
from typing import Any, cast

import httpx2
from msgspec.structs import replace
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.demo.failures import DemoFailed
from api.demo.launching import launch_campaigns
from api.demo.ledger import Entry, Ledger
from api.demo.merchants import Merchant
from api.demo.outfitting import send_calls
from api.importing import Kind, encode_rows, push
from api.onboarding import open_shop
from infra.settings import Settings
from tenants.keys import signing_seed

KINDS: tuple[Kind, ...] = ("products", "shoppers", "orders")


async def load(merchant: Merchant, settings: Settings, ledger: Ledger, *, shop_url: str, console: Console) -> None:
    """Do what is not done yet. Broken off anywhere, it may be called again."""
    entry = ledger.entries.get(merchant.slug)
    if entry is None:
        entry = await _register(merchant, settings)
        ledger.put(merchant.slug, entry)
    if not (entry.loaded and entry.outfitted and entry.shop_url == shop_url):
        await _fill(merchant, settings, ledger, entry, shop_url=shop_url, console=console)
    if merchant.kind == "shoemaker":
        await launch_campaigns(
            url=settings.public_url,
            key=entry.secret_key,
            publishable_key=entry.publishable_key,
            shop_url=shop_url,
            console=console,
        )


async def _fill(
    merchant: Merchant, settings: Settings, ledger: Ledger, entry: Entry, *, shop_url: str, console: Console
) -> None:
    documents = merchant.documents(shop_url)
    # The shop moved to another port: its products have new addresses, and nothing else changed.
    for kind in KINDS[:1] if entry.loaded else KINDS:
        await push(
            kind,
            encode_rows(documents[kind]),
            total=merchant.totals[kind],
            url=settings.public_url,
            key=entry.secret_key,
            console=console,
            label=f"{merchant.name}: {kind}",
        )
    await send_calls(
        merchant.outfit(), name=merchant.name, url=settings.public_url, key=entry.secret_key, console=console
    )
    if not entry.loaded:
        await _train(merchant, entry, settings.public_url, console)
    ledger.put(merchant.slug, replace(entry, loaded=True, outfitted=True, shop_url=shop_url))


async def _register(merchant: Merchant, settings: Settings) -> Entry:
    shop = await open_shop(
        settings, slug=merchant.slug, name=merchant.name, currency="USD", owner_email="owner@example.com"
    )
    return Entry(
        tenant_id=str(shop.tenant_id),
        publishable_key=shop.publishable.secret,
        secret_key=shop.secret.secret,
        signing_key_id=str(shop.signing.key_id),
        signing_seed=signing_seed(shop.signing.secret),
    )


async def _train(merchant: Merchant, entry: Entry, url: str, console: Console) -> None:
    """Ask for a training and follow it as any merchant's developer could."""
    headers = {"Authorization": f"Bearer {entry.secret_key}"}
    columns = (SpinnerColumn(), TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn())
    async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
        (await client.post("/v1/models:train")).raise_for_status()
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(f"{merchant.name}: training", total=1.0)
            while (version := await _newest(client)) is None or version["status"] == "training":
                if version is not None:
                    label = f"{merchant.name}: {version['stage'] or 'training'}"
                    progress.update(task, completed=version["progress"], description=label)
                await asyncio.sleep(0.3)
    if version["status"] != "active":
        raise DemoFailed(f"The training of {merchant.name} ended as {version['status']}: {version['error']}")
    console.print(f"{merchant.name}: model {version['version_id']} is active", highlight=False)


async def _newest(client: httpx2.AsyncClient) -> dict[str, Any] | None:
    response = await client.get("/v1/models")
    response.raise_for_status()
    items = cast(list[dict[str, Any]], response.json()["items"])
    return items[0] if items else None
