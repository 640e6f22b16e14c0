"""The catalogue in memory: what sells when, at which price, and what a change keeps."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.serving.blobs import Blobs, Column
from recommender.serving.catalogue import NEWEST, Catalogue, Shelves
from tests.serving.shops import MONDAY, NOW, product

HOUR = 3600.0


def card(catalogue: Catalogue, product_id: str) -> dict[str, object]:
    found: dict[str, object] = msgspec.json.decode(catalogue.cards[catalogue.rows[product_id]] + b"}")
    return found


def sells(catalogue: Catalogue, product_id: str, now: float) -> bool:
    catalogue.advance(now)
    return bool(catalogue.sellable[catalogue.rows[product_id]])


@pytest.mark.parametrize(("hours", "on_offer"), [(-1, False), (0, True), (1, True), (2, False)])
def test_b3_a_product_sells_from_its_first_second_up_to_its_last(hours: int, on_offer: bool) -> None:
    catalogue = Catalogue(Shelves())
    catalogue.put([product("a", available_from=MONDAY, available_until=MONDAY + timedelta(hours=2))])
    catalogue.advance(NOW + 9 * HOUR)
    assert sells(catalogue, "a", NOW + hours * HOUR) is on_offer


@given(st.lists(st.integers(-3, 6), min_size=1, max_size=8))
def test_b3_a_price_is_right_whichever_way_the_clock_goes(hours: list[int]) -> None:
    catalogue = Catalogue(Shelves())
    until = MONDAY + timedelta(hours=3)
    catalogue.put([product("a", sale_price_minor=5, sale_from=MONDAY, sale_until=until), product("b")])
    for hour in hours:
        catalogue.advance(NOW + hour * HOUR)
        assert card(catalogue, "a")["sale_price_minor"] == (5 if 0 <= hour < 3 else None)
        assert card(catalogue, "b")["sale_price_minor"] is None


def test_b3_a_changed_product_keeps_its_row_and_is_shown_as_it_is_now() -> None:
    catalogue = Catalogue(Shelves())
    catalogue.put([product("a"), product("b")])
    row = catalogue.rows["a"]
    catalogue.put([product("a", title="Another title, longer than the one before it was by far", brand="Acme")])
    assert catalogue.rows["a"] == row
    assert (card(catalogue, "a")["title"], catalogue.title(row), catalogue.document(row)["brand"]) == (
        "Another title, longer than the one before it was by far",
        "Another title, longer than the one before it was by far",
        "Acme",
    )
    assert card(catalogue, "b")["title"] == "Product b"


def test_b3_a_product_that_is_taken_out_stops_selling_whatever_its_window() -> None:
    catalogue = Catalogue(Shelves())
    catalogue.put([product("a", available_until=MONDAY + timedelta(days=1))])
    assert sells(catalogue, "a", NOW)
    catalogue.put([product("a", available_until=MONDAY + timedelta(days=1), offered=False)])
    assert not sells(catalogue, "a", NOW)
    assert not sells(catalogue, "a", NOW + HOUR)


def test_the_newest_come_first_and_stay_bounded() -> None:
    catalogue = Catalogue(Shelves())
    catalogue.put([product(f"p{n}", created_at=MONDAY + timedelta(seconds=n)) for n in range(NEWEST + 50)])
    catalogue.put([product("latest", created_at=MONDAY + timedelta(days=1))])
    assert [catalogue.ids[row] for row in catalogue.newest[:2]] == ["latest", f"p{NEWEST + 49}"]
    assert len(catalogue.newest) == NEWEST


@given(st.lists(st.tuples(st.integers(0, 4), st.binary(max_size=60)), max_size=40))
def test_a_blob_is_what_was_last_put_there(writes: list[tuple[int, bytes]]) -> None:
    column, expected = Column(Blobs()), [b""] * 5
    for _ in expected:
        column.append(b"")
    for row, data in writes:
        column[row] = expected[row] = data
    assert [column[row] for row in range(5)] == expected == column.many(range(5))


def test_blobs_fill_more_than_one_file() -> None:
    blobs = Blobs()
    large = bytes(30_000_000)
    places = [blobs.put(bytes([number]) + large) for number in range(5)]
    assert [blobs.read(at, 1) for at, _ in places] == [bytes([number]) for number in range(5)]
    assert len(blobs.maps) == 3
    blobs.close()
