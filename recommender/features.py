"""Features: what a product is described by, named alike in training and where new products are met."""

from collections.abc import Iterator, Mapping


def feature_names(document: Mapping[str, object]) -> Iterator[str]:
    """Of a product's document (`brand`, `categories`): its brand, each category, and the last one as its type."""
    if brand := document.get("brand"):
        yield f"brand:{brand}"
    categories = document.get("categories")
    if isinstance(categories, list | tuple) and categories:
        yield from (f"category:{category}" for category in categories)
        yield f"type:{categories[-1]}"
