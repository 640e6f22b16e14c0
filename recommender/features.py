"""Features: what a product is described by, named alike in training and where new products are met."""

from collections.abc import Iterator, Mapping

BRAND, CATEGORY, TYPE = "brand:", "category:", "type:"
"""A product's type is its finest category, where the path of categories ends."""
AND = " × "


def feature_names(document: Mapping[str, object]) -> Iterator[str]:
    """Of a product's document (`brand`, `categories`): its brand, each category, and the last one as its type."""
    if brand := document.get("brand"):
        yield f"{BRAND}{brand}"
    categories = document.get("categories")
    if isinstance(categories, list | tuple) and categories:
        yield from (f"{CATEGORY}{category}" for category in categories)
        yield f"{TYPE}{categories[-1]}"


def kind_names(type_name: str | None, brand_name: str | None) -> tuple[str, ...]:
    """The kinds of a product whose features are called so: its type, and its type of that brand."""
    if type_name is None:
        return ()
    return (type_name,) if brand_name is None else (type_name, type_name + AND + brand_name)


def kinds_of_document(document: Mapping[str, object]) -> tuple[str, ...]:
    """The same of a product's document."""
    named = {name.partition(":")[0]: name for name in feature_names(document)}
    return kind_names(named.get("type"), named.get("brand"))
