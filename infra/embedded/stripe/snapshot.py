"""Snapshot: the world as one JSON file, so that a demo goes on after a restart."""

import asyncio
import json
from pathlib import Path

from infra.embedded.passwords import write_private
from infra.embedded.stripe.books import Books, Record
from infra.embedded.stripe.world import World

_PAUSE_SECONDS = 0.5


def load_snapshot(world: World, path: Path) -> None:
    """Take the world up from the file, if there is one."""
    if not path.exists():
        return
    kept: Record = json.loads(path.read_text())
    world.ahead_seconds, world.search_lag_seconds = kept["ahead_seconds"], kept["search_lag_seconds"]
    for account, found in kept["accounts"].items():
        books = world.accounts.setdefault(account, Books(account, world))
        books.tables, books.hidden = found["tables"], found["hidden"]
    world.reminders = [(at, kind, account, wanted) for at, kind, account, wanted in kept["reminders"]]
    world.keys.load(kept["keys"])
    world.outbox.load(kept["outbox"])


async def keep_snapshot(world: World, path: Path) -> None:
    """Write the file soon after every change, and once more at the end."""
    written = world.changes
    try:
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            if world.changes != written:
                written = world.changes
                write_private(path, dump_snapshot(world))
    finally:
        write_private(path, dump_snapshot(world))


def dump_snapshot(world: World) -> str:
    """The file's text."""
    return json.dumps(
        {
            "ahead_seconds": world.ahead_seconds,
            "search_lag_seconds": world.search_lag_seconds,
            "accounts": {
                account: {"tables": books.tables, "hidden": books.hidden} for account, books in world.accounts.items()
            },
            "reminders": world.reminders,
            "keys": world.keys.dump(),
            "outbox": world.outbox.dump(),
        }
    )
