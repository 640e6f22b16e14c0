"""Theme: how a shop's widgets look, as typed tokens and never as CSS. What is unset looks like the shop's page."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from infra.database import Connection
from tenants.audit import record_audit

_NUMBER: Final = r"(0|[1-9]\d{0,3})(\.\d{1,3})?"
Color = Annotated[str, Meta(pattern=r"\A#[0-9a-fA-F]{6}\Z", description="Such as #1f6feb.")]
Length = Annotated[str, Meta(pattern=rf"\A({_NUMBER}(px|rem)|0)\Z", description="Such as 0.5rem or 12px.")]
Ratio = Annotated[
    str, Meta(pattern=r"\A[1-9]\d{0,3}/[1-9]\d{0,3}\Z", description="Width to height, such as 4/5; within 1/4 and 4/1.")
]
REM_PX: Final = 16
BOUNDS_PX: Final = {"card_width": (64, 640), "gap": (0, 64), "radius": (0, 64), "step_radius": (0, 64),
                    "heading_size": (12, 30)}  # fmt: skip
"""With 16 pixels in a rem. A heading within them fits its line, whose height is reserved."""


class Theme(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The tokens that are set."""

    accent: Annotated[Color | UnsetType, Meta(description="What is chosen, and what stands out.")] = UNSET
    button: Annotated[Color | UnsetType, Meta(description="Behind the words of a main button.")] = UNSET
    on_button: Annotated[Color | UnsetType, Meta(description="The words of a main button.")] = UNSET
    muted: Annotated[Color | UnsetType, Meta(description="Brands, former prices, hints.")] = UNSET
    sale: Annotated[Color | UnsetType, Meta(description="Reduced prices.")] = UNSET
    good: Annotated[Color | UnsetType, Meta(description="Beside what went well.")] = UNSET
    warning: Annotated[Color | UnsetType, Meta(description="Beside what needs attention.")] = UNSET
    line: Annotated[Color | UnsetType, Meta(description="Borders of fields.")] = UNSET
    focus: Annotated[Color | UnsetType, Meta(description="Around what has the keyboard's focus.")] = UNSET
    tape: Annotated[Color | UnsetType, Meta(description="The measuring tape in drawings.")] = UNSET
    image_background: Annotated[Color | UnsetType, Meta(description="Behind products' pictures.")] = UNSET
    card_width: Annotated[Length | UnsetType, Meta(description="64 to 640 px; 11rem unless set.")] = UNSET
    gap: Annotated[Length | UnsetType, Meta(description="Between cards, up to 64 px; 1rem unless set.")] = UNSET
    radius: Annotated[Length | UnsetType, Meta(description="Of corners, up to 64 px.")] = UNSET
    step_radius: Annotated[Length | UnsetType, Meta(description="Of the carousel's buttons, up to 64 px.")] = UNSET
    heading_size: Annotated[Length | UnsetType, Meta(description="12 to 30 px.")] = UNSET
    image_ratio: Annotated[Ratio | UnsetType, Meta(description="Of pictures; 1/1 unless set.")] = UNSET
    image_fit: Annotated[
        Literal["contain", "cover"] | UnsetType, Meta(description="Whole pictures, or pictures that fill their place.")
    ] = UNSET
    page_background: Annotated[
        Color | UnsetType, Meta(description="What your page is painted with. Nothing is painted: contrast is checked.")
    ] = UNSET
    page_text: Annotated[Color | UnsetType, Meta(description="Your page's own text; checked likewise.")] = UNSET

    def __post_init__(self) -> None:
        for name, (least, most) in BOUNDS_PX.items():
            length = getattr(self, name)
            if length is not UNSET and not least <= pixels(length) <= most:
                raise ValueError(f"{name} must lie between {least} and {most} px, with {REM_PX} px in a rem")
        if self.image_ratio is not UNSET and not 0.25 <= proportion(self.image_ratio) <= 4:
            raise ValueError("image_ratio must lie between 1/4 and 4/1")


def pixels(length: str) -> float:
    """Of "0.5rem" or "12px", with 16 px in a rem."""
    return float(length.removesuffix("rem")) * REM_PX if length.endswith("rem") else float(length.removesuffix("px"))


def proportion(ratio: str) -> float:
    """Of "4/5": 0.8."""
    width, height = ratio.split("/")
    return int(width) / int(height)


async def read_theme(conn: Connection) -> Theme:
    """The tenant's, or one in which nothing is set."""
    stored = await conn.fetchval("select document from themes where tenant_id = current_tenant()")
    return Theme() if stored is None else msgspec.convert(stored, Theme)


async def store_theme(conn: Connection, theme: Theme, *, actor: str) -> None:
    """Replace it; audited."""
    document = msgspec.to_builtins(theme)
    await conn.execute(_STORE, document)
    await record_audit(conn, actor=actor, action="store theme", subject=", ".join(sorted(document)) or "as shipped")


_STORE = """
insert into themes (document)
values ($1)
on conflict (tenant_id) do update set document = excluded.document
"""
