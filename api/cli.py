"""The operator's command line: lastbook-server serve, work, migrate, tenant, keys, doctor and others."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import structlog
import typer
from rich.console import Console
from rich.markup import escape

from api.app import build_app
from api.credentials import add_key, choose_key, end_key, read_keys
from api.demo.run import run_demo
from api.importing import PushRefused
from api.importing_files import import_file
from api.onboarding import open_shop
from api.restoring import erase_again
from api.server import make_server
from api.tooling import open_tools
from api.training_all import train_all
from api.worker import train_patiently, work
from infra.embedded import EmbeddedFailed
from infra.errors import Refusal
from infra.lifeline import follow_parent
from infra.machines import settled, taking_payments
from infra.migrate import MigrationRefused, migrate
from infra.settings import Settings, read_settings
from infra.telemetry import configure_logs
from recommender.jobs import Trained, TrainingFailed
from tenants.accounts import get_tenant
from widgets.assets import load_assets
from widgets.doctor.examining import examine
from widgets.releases import release_of
from widgets.snippet import make_snippet

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console(stderr=True)
log = structlog.get_logger()

NO_STRIPE_WEBHOOKS = "Set STRIPE_WEBHOOK_SECRET: without it, what Stripe tells is refused, and payments are seen late."
NO_STRIPE = "Set STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET. The stand-in for Stripe runs on loopback addresses only."


@contextmanager
def plainly() -> Iterator[None]:
    """What an operator can do something about is said in a sentence, with exit code 1; a bug keeps its traceback."""
    try:
        yield
    except Refusal as refusal:
        console.print(f"[red]{refusal.detail}[/] {refusal.said_hint}", soft_wrap=True)
    except (EmbeddedFailed, MigrationRefused, PushRefused, TrainingFailed, ValueError) as failed:
        console.print(f"[red]{escape(str(failed))}[/]", soft_wrap=True)
    else:
        return
    raise typer.Exit(1)


@contextmanager
def running() -> Iterator[Settings]:
    """Settings with every address settled and the schema up to date."""
    with plainly():
        settings = read_settings()
        configure_logs(level=settings.log_level, as_json=settings.log_json)
        with settled(settings) as ready:
            if ready.database_owner_url is not None:
                asyncio.run(migrate(ready.database_owner_url))
            yield ready


@contextmanager
def charging() -> Iterator[Settings]:
    """The same, with a Stripe to take payments by; a stand-in is said, for it moves no money, and none at all too."""
    with running() as ready, taking_payments(ready) as settings:
        if settings.stripe_api_key is None:
            log.warning("payments_not_set_up", public_url=settings.public_url, hint=NO_STRIPE)
        elif ready.stripe_api_key is None:
            log.warning("stripe_stand_in", hint="Set STRIPE_API_KEY for real payments; the stand-in moves no money.")
        elif settings.stripe_webhook_secret is None:
            log.warning("stripe_cannot_tell_us", hint=NO_STRIPE_WEBHOOKS)
        yield settings


@cli.command()
def serve() -> None:
    """Answer HTTP: the server API, the public API and the widgets' files."""
    with charging() as settings:
        make_server(build_app(settings), host=settings.host, port=settings.port).run()


@cli.command("work")
def work_command(
    until_empty: Annotated[bool, typer.Option(help="Stop when no job waits.")] = False,
) -> None:
    """Do jobs: training, and taking up what a killed worker left."""
    with charging() as settings:
        asyncio.run(work(settings, until_empty=until_empty))


@cli.command("migrate")
def migrate_command(
    after_restore: Annotated[
        bool, typer.Option(help="A backup was put back: erase again whoever was erased since. Serve only afterwards.")
    ] = False,
) -> None:
    """Bring the database's schema up to date (with DATABASE_OWNER_URL)."""
    with plainly(), settled(read_settings()) as settings:
        if settings.database_owner_url is None:
            console.print("[red]DATABASE_OWNER_URL is not set:[/] the app's own role may not change the schema.")
            raise typer.Exit(1)
        applied = asyncio.run(migrate(settings.database_owner_url))
        console.print("\n".join(f"applied {one.version:04} {one.name}" for one in applied) or "nothing to apply")
        if after_restore:
            erased = asyncio.run(erase_again(settings))
            console.print("\n".join(f"{slug}: erased again {number}" for slug, number in erased.items() if number))


@cli.command()
def tenant(
    slug: Annotated[str, typer.Argument(help="Short name: lower-case letters, digits and hyphens.")],
    name: Annotated[str, typer.Option(help="The shop's name.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")],
    owner: Annotated[str, typer.Option(help="E-mail of the first member.")],
) -> None:
    """Register a merchant and print the keys, which are shown only now."""
    with running() as settings:
        shop = asyncio.run(open_shop(settings, slug=slug, name=name, currency=currency, owner_email=owner))
        for label, secret in shop.secrets().items():
            console.print(f"{label:<16}{secret}", highlight=False, soft_wrap=True)


@cli.command()
def keys(
    slug: Annotated[str, typer.Argument(help="The tenant's short name.")],
    add: Annotated[Literal["publishable", "secret", "signing"] | None, typer.Option(help="Make one more.")] = None,
    revoke: Annotated[UUID | None, typer.Option(help="Refuse the key of this id from now on.")] = None,
) -> None:
    """List a merchant's keys, make one more, or revoke one."""
    with running() as settings:
        if add is not None:
            made = asyncio.run(add_key(settings, slug, add))
            console.print(f"{add} key  {made.secret}\nkey id  {made.key_id}", highlight=False, soft_wrap=True)
        if revoke is not None:
            asyncio.run(end_key(settings, slug, revoke))
        for key in asyncio.run(read_keys(settings, slug)):
            state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in use"
            console.print(f"{key.key_id}  {key.kind:<12}{key.hint:<8}{state}", highlight=False, soft_wrap=True)


@cli.command()
def snippet(
    slug: Annotated[str, typer.Argument(help="The tenant's short name.")],
    key: Annotated[str, typer.Option(help="A publishable key, lb_pk_…; we keep none that could be shown.")] = "",
    pinned: Annotated[bool, typer.Option(help="This version for good, with its hash, instead of the newest.")] = False,
    style: Annotated[str, typer.Option(help="Where the shop serves its own copy of shop.css: /lastbook.css")] = "",
) -> None:
    """Print what a merchant writes into a page."""
    with running() as settings:
        wanted = asyncio.run(choose_key(settings, slug, key))
        release = release_of(load_assets()) if pinned else None
        typer.echo(make_snippet(settings.public_url, wanted, release=release, style=style))


@cli.command("import")
def import_command(
    kind: Annotated[Literal["products", "orders", "events", "shoppers"], typer.Argument()],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, NDJSON, Parquet, a shop's export …")],
    key: Annotated[str, typer.Option(envvar="LASTBOOK_KEY", help="A secret key, lb_sk_…")],
    url: Annotated[str, typer.Option(envvar="LASTBOOK_URL")] = "http://127.0.0.1:8000",
    mapping: Annotated[str, typer.Option(help='Fields by column, as JSON: {"Preis": "price"}.')] = "",
    site: Annotated[str, typer.Option(help="The shop's address, for exports that name no products' addresses.")] = "",
    full: Annotated[bool, typer.Option(help="Products that the file lacks are archived.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Read, check and count, and store nothing.")] = False,
    confirm: Annotated[bool, typer.Option(help="More than half of the catalogue may be archived.")] = False,
) -> None:
    """Send a file of any format that we read, follow its import, and print every column's field and the report."""
    with plainly():
        run = asyncio.run(
            import_file(
                kind, file, url=url, key=key, console=console,
                mapping=mapping, site=site, mode="full" if full else "", dry_run=dry_run, confirm=confirm,
            )
        )  # fmt: skip
    raise typer.Exit(1 if run["rejected"] or run["error"] else 0)


@cli.command()
def train(
    slug: Annotated[str | None, typer.Argument(help="The tenant's short name.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every tenant that has orders.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes for --all; as many as cores.")] = None,
    ray: Annotated[str | None, typer.Option(help="--all on Ray: a cluster's address, or `local`.")] = None,
    tune: Annotated[int, typer.Option(min=0, help="Seconds to look for better parameters first.")] = 0,
    resume: Annotated[UUID | None, typer.Option(help="With --all: take up a run that was cut off.")] = None,
) -> None:
    """Train a tenant's model now, in a process of its own; or all tenants' (exit code 1 if one failed)."""
    if everyone == (slug is not None):
        raise typer.BadParameter("Name one tenant, or say --all.")
    if everyone and tune:
        raise typer.BadParameter("--tune is for one tenant; the worker tunes all of them once a week.")
    with running() as settings:
        if slug is None:
            good = asyncio.run(train_all(settings, console, workers=workers, ray=ray, resume=resume))
            raise typer.Exit(0 if good else 1)
        trained = asyncio.run(_train(settings, slug, tune))
    console.print(f"{slug}: model version {trained.version_id} is {trained.status}. {trained.reason or ''}")
    raise typer.Exit(0 if trained.status == "active" else 1)


@cli.command()
def doctor(
    url: Annotated[str, typer.Argument(help="A page of the shop.")],
    phone: Annotated[bool, typer.Option(help="As wide as a phone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Open a shop's page in Chromium and say how the widgets do in it; exit code 1 if something is to put right."""
    raise typer.Exit(0 if asyncio.run(examine(url, console=console, phone=phone, as_json=as_json)) else 1)


@cli.command()
def demo(
    check: Annotated[bool, typer.Option(help="Ask a few slots, say whether they are right, and stop.")] = False,
) -> None:
    """Two shops on real and made-up data: load, train, serve, and print where to look."""
    with plainly():
        code = run_demo(read_settings(), check=check)
    raise typer.Exit(code)


async def _train(settings: Settings, slug: str, tune_seconds: int) -> Trained:
    async with open_tools(settings) as (db, _), db.system() as conn:
        found = await get_tenant(conn, slug)
    return await train_patiently(settings, found.tenant_id, tune_seconds=tune_seconds)


def main() -> None:
    follow_parent()
    # Leave every context in order: machines that we started end with us, children before them.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cli()
