"""Artifacts: whole objects in a folder, replaced at once."""

import asyncio
from pathlib import Path

import pytest

from infra.artifacts import open_artifacts
from infra.errors import NotFound


async def test_an_object_comes_back_as_it_was_put(tmp_path: Path) -> None:
    store = open_artifacts((tmp_path / "a folder" / "deep").as_uri())
    await store.put("t1/models/v1/arrays.npz", bytes(range(256)))
    assert await store.get("t1/models/v1/arrays.npz") == bytes(range(256))


async def test_a_missing_object_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="t1/nothing"):
        await open_artifacts(tmp_path.as_uri()).get("t1/nothing")


async def test_a_deleted_prefix_takes_nothing_beside_it_along(tmp_path: Path) -> None:
    store = open_artifacts(tmp_path.as_uri())
    for name in ("t1/v1/a", "t1/v1/deep/b", "t1/v10/a", "t2/v1/a"):
        await store.put(name, b"x")

    assert await store.delete_prefix("t1/v1/") == 2
    assert [await store.get(name) for name in ("t1/v10/a", "t2/v1/a")] == [b"x", b"x"]
    with pytest.raises(NotFound):
        await store.get("t1/v1/a")
    assert await store.delete_prefix("t1/v1/") == 0


async def test_a_reader_sees_the_old_or_the_new_object_and_never_a_part(tmp_path: Path) -> None:
    store = open_artifacts(tmp_path.as_uri())
    whole = [bytes([number]) * 2_000_000 for number in range(8)]
    await store.put("t1/big", whole[0])
    seen, writing = set[bytes](), True

    async def read() -> None:
        while writing:
            seen.add(await store.get("t1/big"))

    readers = [asyncio.create_task(read()) for _ in range(2)]
    for one in whole:
        await store.put("t1/big", one)
    writing = False
    await asyncio.gather(*readers)
    assert seen <= set(whole)
    assert await store.get("t1/big") == whole[-1]


async def test_the_folder_is_open_to_nobody_else(tmp_path: Path) -> None:
    open_artifacts((tmp_path / "artifacts").as_uri())
    assert (tmp_path / "artifacts").stat().st_mode & 0o077 == 0
