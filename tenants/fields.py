"""Fields: the types that the record's documents share, with the bounds that Postgres and the browser need."""

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

from msgspec import Meta

ExternalId = Annotated[str, Meta(min_length=1, max_length=200, description="Your own id; unique within your shop.")]
Email = Annotated[str, Meta(min_length=3, max_length=320, pattern=r"\A[^@\s]+@[^@\s]+\Z")]
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z", description="ISO 4217 code, such as USD.")]
MinorUnits = Annotated[int, Meta(ge=0, le=10**14, description="Money in the currency's smallest unit.")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset.")]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
Url = Annotated[
    str,
    Meta(
        max_length=2000,
        # A host's last part starts with a letter: no IP literals, which browsers read in hexadecimal and short forms
        # too (https://0x7f.1). Plain http only to the developer's own machine.
        pattern=r"\A(https://([A-Za-z0-9-]+\.)*[A-Za-z][A-Za-z0-9-]*\.?|http://(localhost|127\.0\.0\.1))(:\d{1,5})?"
        r"([/?#][^\s\"<>\\]*)?\Z",
        description="An https address with a host name.",
    ),
]
ShortText = Annotated[str, Meta(max_length=500)]
LongText = Annotated[str, Meta(max_length=20_000)]
Scalar: TypeAlias = str | int | float | bool | None
Attributes = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=100)], Scalar],
    Meta(max_length=200, description="Your own fields: one level of texts, numbers and yes/no."),
]


WIDEST_OFFSET = timedelta(hours=14)
PublicUrl = Annotated[
    str,
    Meta(
        max_length=2000,
        # Stricter than a product's address: whatever else it says, a public host name has a dot.
        pattern=r"\Ahttps://([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*(/[^\s\"<>\\]*)?\Z",
        description="An https address with a public host name.",
    ),
]


def check_moments(**moments: datetime | None) -> None:
    """Raise ValueError naming the first moment outside 1900 to 2199, or with an offset that no place on earth has:
    further out, drivers and browsers disagree."""
    for name, moment in moments.items():
        if moment is None:
            continue
        if not 1900 <= moment.year < 2200:
            raise ValueError(f"{name} must lie between the years 1900 and 2199")
        if abs(moment.utcoffset() or timedelta()) > WIDEST_OFFSET:
            raise ValueError(f"{name} must have an offset within 14 hours of UTC")


def check_period(*, start: datetime | None, end: datetime | None, name: str) -> None:
    """Raise ValueError when a period ends before it starts."""
    if start is not None and end is not None and start >= end:
        raise ValueError(f"{name} must start before it ends")
