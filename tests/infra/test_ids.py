"""Ids: UUIDs of version 7, in the order of their making."""

import time

import pytest

from infra.ids import new_id

MOMENT_NS = 1_767_225_600_123_000_000


def test_ids_are_of_version_7_and_the_rfcs_variant() -> None:
    for one in (new_id() for _ in range(100)):
        assert (one.version, one.variant) == (7, "specified in RFC 4122")


def test_an_id_tells_the_millisecond_of_its_making(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: MOMENT_NS)
    assert new_id().int >> 80 == MOMENT_NS // 1_000_000


def test_ids_of_different_milliseconds_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(MOMENT_NS, MOMENT_NS + 1_000_000_000, 1_000_000))
    monkeypatch.setattr(time, "time_ns", lambda: next(moments))
    made = [new_id() for _ in range(1000)]
    assert sorted(made) == made


def test_ids_of_one_millisecond_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: MOMENT_NS)
    assert len({new_id() for _ in range(20_000)}) == 20_000
