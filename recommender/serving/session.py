"""Session: what a shopper or an unknown visitor did of late, the newest first. It changes the very next answer."""

from typing import NamedTuple


class Session(NamedTuple):
    """Product ids of the merchant, each once, the latest first. Hashable, so that an order can be remembered by it."""

    viewed: tuple[str, ...] = ()
    """Looked at or clicked in the last half hour."""
    carted: tuple[str, ...] = ()
    """Put into the cart in the last half hour."""
    bought: tuple[str, ...] = ()
    """Bought since the model learned, as the merchant's server told; only for a shopper who is proven."""


NOTHING = Session()
"""Nobody has done anything, or it is not to be used."""
