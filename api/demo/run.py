"""The demo's run: machines, server, worker, two shops; load what is missing; then print where to look."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace

import httpx2
from rich.console import Console
from starlette.types import ASGIApp

from api.demo.checking import ask, check
from api.demo.failures import DemoFailed
from api.demo.ledger import Entry, Ledger
from api.demo.loading import load
from api.demo.merchants import MERCHANTS, Merchant
from api.server import make_server
from infra.lifeline import child_environment
from infra.machines import settled, taking_payments
from infra.migrate import migrate
from infra.settings import Settings, stripe_environment
from widgets.examples.shop import Shop, build_shop

SHOP_PORT_OFFSET = 100
START_SECONDS = 60
SHELF = 12

console = Console()


def run_demo(settings: Settings, *, check: bool) -> int:
    """Bring both shops up; with `check` ask, judge and stop. Returns the exit code."""
    try:
        _need_free_ports(settings)
        with (
            settled(replace(settings, log_level="warning")) as machines,
            taking_payments(machines) as ready,
            _children(ready),
        ):
            return asyncio.run(_run(ready, only_check=check))
    except DemoFailed as failed:
        console.print(f"[red]{failed}[/]")
        return 1
    except KeyboardInterrupt:
        return 0


async def _run(settings: Settings, *, only_check: bool) -> int:
    if settings.database_owner_url is not None:
        await migrate(settings.database_owner_url)
    await _wait_until_ready(settings.public_url)
    ledger = Ledger(settings.data_dir / "demo.json")
    for merchant in MERCHANTS:
        await load(merchant, settings, ledger, shop_url=shop_url(settings, merchant), console=console)
    if only_check:
        return await asyncio.to_thread(_check, settings, ledger)
    async with contextlib.AsyncExitStack() as stack:
        for merchant in MERCHANTS:
            shop = await asyncio.to_thread(open_demo_shop, settings, merchant, ledger.entries[merchant.slug])
            await stack.enter_async_context(_serving(build_shop(shop), settings.host, _port(settings, merchant)))
        _print_addresses(settings, ledger)
        await asyncio.Event().wait()
    return 0


def open_demo_shop(settings: Settings, merchant: Merchant, entry: Entry) -> Shop:
    """The merchant's web shop; its own shelf is what sells best, and its server reads products from the API."""
    headers = {"Authorization": f"Bearer {entry.secret_key}"}
    client = httpx2.Client(base_url=settings.public_url, headers=headers, trust_env=False, timeout=10)

    def find_product(product_id: str) -> dict[str, object] | None:
        response = client.get(f"/v1/products/{product_id}")
        return response.json() if response.status_code == 200 else None

    def list_campaigns() -> list[dict[str, object]]:
        response = client.post("/public/v1/campaigns", json={"key": entry.publishable_key})
        return response.json()["campaigns"] if response.status_code == 200 else []

    popular = ask(settings.public_url, entry, None, "home-popular", limit=50).products
    # The shop's own shelf: one product of a kind, however popular all kinds of milk are.
    distinct = {card["title"].partition(",")[0]: card["id"] for card in reversed(popular)}
    chosen = [card["id"] for card in popular if card["id"] in distinct.values()][:SHELF]
    return Shop(
        kind=merchant.kind,
        name=merchant.name,
        api_url=settings.public_url,
        publishable_key=entry.publishable_key,
        signing_key=entry.signing,
        shoppers=merchant.shoppers,
        shelf=tuple(product for product in map(find_product, chosen) if product is not None),
        find_product=find_product,
        list_campaigns=list_campaigns,
    )


def shop_url(settings: Settings, merchant: Merchant) -> str:
    return f"http://{settings.host}:{_port(settings, merchant)}"


def _port(settings: Settings, merchant: Merchant) -> int:
    return settings.port + SHOP_PORT_OFFSET + MERCHANTS.index(merchant)


@contextmanager
def _children(settings: Settings) -> Iterator[None]:
    """The API and the worker as processes of their own, which end with us."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    environment = child_environment(
        DATABASE_URL=settings.database_url,
        REDIS_URL=settings.redis_url,
        ARTIFACTS_URL=settings.artifacts_url,
        LASTBOOK_DATA_DIR=str(settings.data_dir),
        LASTBOOK_LOG_LEVEL=settings.log_level,
        **stripe_environment(settings),
    )
    with ExitStack() as stack:
        for command in ("serve", "work"):
            child = subprocess.Popen([sys.executable, "-m", "api", command], env=environment, start_new_session=True)
            stack.callback(_end, child)
        yield


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@asynccontextmanager
async def _serving(app: ASGIApp, host: str, port: int) -> AsyncIterator[None]:
    server = make_server(app, host=host, port=port)
    with contextlib.suppress(asyncio.CancelledError):
        task = asyncio.create_task(server.serve())
        try:
            yield
        finally:
            server.should_exit = True
            await task


async def _wait_until_ready(url: str) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        for _ in range(START_SECONDS * 10):
            with contextlib.suppress(httpx2.TransportError):
                if (await client.get(f"{url}/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise DemoFailed(f"The server did not come up at {url} within {START_SECONDS} seconds.")


def _need_free_ports(settings: Settings) -> None:
    ports = [settings.port, *(_port(settings, merchant) for merchant in MERCHANTS)]
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError:
                raise DemoFailed(f"Port {port} is taken. Set LASTBOOK_PORT to another one and start again.") from None


def _check(settings: Settings, ledger: Ledger) -> int:
    grocery, shoemaker = (ledger.entries[merchant.slug] for merchant in MERCHANTS)
    households = tuple(shopper.external_id for shopper in MERCHANTS[0].shoppers[:3])
    findings = check(settings.public_url, grocery, shoemaker, households, console)
    console.print("\n[red]" + "\n".join(findings) if findings else "\n[green]The demo works.")
    return 1 if findings else 0


def _print_addresses(settings: Settings, ledger: Ledger) -> None:
    lines = []
    for merchant in MERCHANTS:
        entry = ledger.entries[merchant.slug]
        lines += [
            f"\n[bold]{merchant.name}[/]    {shop_url(settings, merchant)}",
            f"  publishable key  {entry.publishable_key}",
            f"  secret key       {entry.secret_key}",
        ]
    lines.append(f"\n[bold]API[/]    {settings.public_url}/openapi.json\n\nCtrl-C ends it.")
    console.print("\n".join(lines), highlight=False, soft_wrap=True)
