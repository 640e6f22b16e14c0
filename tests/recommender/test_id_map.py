"""The id map: the merchant's ids and their indices, there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.id_map import IdMap

IDS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), unique=True, max_size=30)


@given(IDS)
def test_every_id_comes_back_from_its_index_and_from_its_arrays(ids: list[str]) -> None:
    ids = sorted(ids)
    made = IdMap.of(ids)
    read = IdMap(made.blob.copy(), made.offsets.copy())
    read.check()
    assert list(read) == ids
    assert [read.find(one) for one in ids] == list(range(len(ids)))
    assert [read.id_of(index) for index in range(len(ids))] == ids


def test_an_unknown_id_has_no_index() -> None:
    assert IdMap.of(["a", "b"]).find("c") is None


def test_taking_indices_renumbers_the_ids() -> None:
    assert list(IdMap.of(["a", "bé", "c"]).take(np.array([1, 2]))) == ["bé", "c"]


@pytest.mark.parametrize("ids", [["a", "a"], ["b", "a"]])
def test_ids_ascend(ids: list[str]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        IdMap.of(ids)


@pytest.mark.parametrize("offsets", [[], [0, 5], [1, 2], [0, 2, 1, 2], [0, 1, 2]])
def test_arrays_that_do_not_describe_distinct_ids_are_refused(offsets: list[int]) -> None:
    with pytest.raises(ValueError, match="id map"):
        IdMap(np.frombuffer(b"aa", np.uint8), np.array(offsets, np.int64)).check()
