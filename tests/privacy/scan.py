"""Scan: every place where Lastbook keeps anything, searched for a text."""

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis

from infra.settings import Settings
from tests.support.databases import as_admin
from tests.support.machines import FOLDER

WORTH_OPENING = (".zip", ".npz")


async def find_everywhere(settings: Settings, text: str) -> list[str]:
    """Tables (past row-level security), Redis, artifacts and the machines' logs that hold it."""
    needle = text.encode()
    return [
        *await find_in_tables(settings, text),
        *await find_in_redis(settings, needle),
        *find_in_files(Path(unquote(urlsplit(settings.artifacts_url).path)), "*", needle),
        *find_in_files(Path(os.environ[FOLDER]) / "data", "*.log*", needle),
    ]


async def find_in_tables(settings: Settings, text: str) -> list[str]:
    """Whole rows as text, of every table there is; bytes by their hexadecimal digits."""
    async with as_admin(settings) as admin:
        tables = [row[0] for row in await admin.fetch(_TABLES)]
        query = "select count(*) from {} as one where strpos(one::text, $1) + strpos(one::text, $2) > 0"
        counts = {table: await admin.fetchval(query.format(table), text, text.encode().hex()) for table in tables}
    return [f"table {table}" for table, count in counts.items() if count]


async def find_in_redis(settings: Settings, needle: bytes) -> list[str]:
    """Keys and values."""
    assert settings.redis_url is not None
    redis = Redis.from_url(settings.redis_url)
    try:
        keys = [key async for key in redis.scan_iter()]
        held = [(key, await _value(redis, key)) for key in keys]
    finally:
        await redis.aclose()
    return [f"redis {key!r}" for key, value in held if needle in key or needle in value]


async def _value(redis: Redis, key: bytes) -> bytes:
    """Of the kinds that we keep; another one is an error."""
    ordered = await redis.type(key) == b"zset"
    held = await redis.zrange(key, 0, -1) if ordered else await redis.get(key)
    return repr(held).encode()


def find_in_files(folder: Path, pattern: str, needle: bytes) -> list[str]:
    """Names, contents, and what is packed in archives."""
    files = [file for file in folder.rglob(pattern) if file.is_file()]
    return [
        f"file {file.name}" for file in files if needle in bytes(file) or any(needle in one for one in _texts(file))
    ]


def _texts(file: Path) -> Iterator[bytes]:
    data = file.read_bytes()
    yield data
    if file.suffix in WORTH_OPENING:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from (archive.read(name) for name in archive.namelist())


_TABLES = """
select format('%I.%I', schemaname, tablename)
from pg_tables
where schemaname not in ('pg_catalog', 'information_schema')
order by 1
"""
