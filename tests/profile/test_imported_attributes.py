"""Typed attributes from a file: its cells are texts, and are read as what the definitions say (B2, B5)."""

from tests.imports.support import counts, import_bytes, rejects, stored
from tests.profile.merchant import define
from tests.support.shop import ShopClient

HEADER = "id,attributes.family_size,attributes.spent,attributes.newsletter,attributes.birthday,attributes.shoe\n"


async def define_all(shop: ShopClient) -> None:
    for name, kind in (
        ("family_size", "integer"),
        ("spent", "number"),
        ("newsletter", "boolean"),
        ("birthday", "date"),
    ):
        await define(shop, name, kind)


async def test_b5_cells_of_a_csv_become_values_of_their_attributes_types(shop: ShopClient) -> None:
    await define_all(shop)
    run = await import_bytes(shop, HEADER + "s1,4,10.25,yes,1990-01-01,42\ns2,,7,false,,\n", "shoppers")

    assert counts(run) == {"created": 2}
    shoppers = await stored(shop, "shoppers")
    assert shoppers["s1"]["attributes"] == {
        "family_size": 4, "spent": 10.25, "newsletter": True, "birthday": "1990-01-01", "shoe": "42"
    }  # fmt: skip
    assert shoppers["s2"]["attributes"] == {"spent": 7, "newsletter": False}


async def test_b5_a_cell_that_is_not_of_the_type_rejects_its_row_with_the_path(shop: ShopClient) -> None:
    await define_all(shop)
    lines = ["s1,four,,,,", "s2,,1e5,,,", "s3,,,perhaps,,", "s4,,,,1.1.1990,", "s5,4,,,,"]
    run = await import_bytes(shop, HEADER + "\n".join(lines) + "\n", "shoppers")

    assert counts(run) == {"created": 1, "rejected": 4}
    assert [(line, field) for line, field, _ in await rejects(shop, run)] == [
        (2, "attributes.family_size"),
        (3, "attributes.spent"),
        (4, "attributes.newsletter"),
        (5, "attributes.birthday"),
    ]


async def test_b5_a_file_of_documents_must_have_the_types_itself(shop: ShopClient) -> None:
    await define_all(shop)
    rows = '{"id":"s1","attributes":{"family_size":"4"}}\n{"id":"s2","attributes":{"family_size":4}}\n'
    run = await import_bytes(shop, rows, "shoppers")

    assert counts(run) == {"created": 1, "rejected": 1}
    assert [(line, field) for line, field, _ in await rejects(shop, run)] == [(1, "attributes.family_size")]
