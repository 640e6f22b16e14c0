"""Generated calls of experiments: what their document cannot say, such as that shares are parts of one whole."""

from tests.support.shop import Document


def make_sharing(body: Document) -> None:
    """Give the arms of a generated experiment ids of their own and equal shares. Other calls stay as they are."""
    if "arms" in body:
        arms = body["arms"]
        body["arms"] = [{"id": f"arm {place}", "share": 1 / len(arms)} for place, _ in enumerate(arms)]
        body |= {"starts_at": None, "ends_at": None}
