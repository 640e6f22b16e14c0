"""Shoe drawing: a cloth shoe from the side, made of a style, a sole, a colour and an embroidery."""

# ruff: noqa: E501 - path data does not break into lines

from typing import Final

UPPERS: Final = {
    "slip-on": "M44 168C40 132 62 116 92 118c34 2 58 26 94 32 30 4 62 2 70 22l2 12H46z",
    "mary-jane": "M44 166c-4-38 14-52 34-50 8 0 10 8 12 18 6 22 42 26 72 18 34-8 82-4 94 22l2 10H46z",
    "lace-up": "M44 166c-6-48 8-64 40-62 22 2 34 4 50 14 20 12 40 26 62 32 30 4 54 8 60 22l2 12H46z",
    "boot": "M58 166c-8-50-6-86-2-112h72c-2 26 2 50 16 64 24 20 90 22 112 54l2 12H46z",
    "slipper": "M96 170c8-40 44-54 78-42 28 10 70 16 82 42l2 14H46v-8c18-2 36-2 50-6z",
    "child": "M62 168c-6-34 8-48 34-46 28 2 46 22 82 24 24 2 44 6 52 24l2 14H62z",
}
INSIDES: Final = {
    "slip-on": '<path d="M52 132c8-12 26-16 44-13-2 14-20 22-44 13z"/>',
    "mary-jane": '<path d="M54 124c6-8 20-10 28-8l8 18c-14 8-32 2-36-10z"/>',
    "lace-up": '<path d="M50 114c8-8 26-10 42-9-2 12-22 18-42 9z"/>',
    "boot": '<ellipse cx="92" cy="55" rx="36" ry="7"/>',
    "slipper": '<path d="M46 176c20-6 34-6 52-12 4-12 8-18 14-24-6 18-12 30-14 36z"/>',
    "child": '<path d="M68 134c8-10 20-12 36-11-4 12-20 18-36 11z"/>',
}
TRIMS: Final = {
    "slip-on": '<path d="M94 119l22 34 22-20"/>',
    "mary-jane": '<path d="M70 118c16 22 42 24 66 34" stroke-width="9"/><circle cx="128" cy="148" r="5"/>',
    "lace-up": '<path d="M104 112l18 24M118 112l14 22M134 118l8 18M98 124l48 16" stroke-width="4"/>',
    "boot": '<path d="M92 62v104" stroke-dasharray="3 6"/><path d="M58 82h70M58 100h72" stroke-width="5"/>',
    "slipper": '<path d="M112 140c40-18 100 0 140 34"/>',
    "child": '<path d="M98 124c10 14 24 18 40 20" stroke-width="6"/>',
}
SOLES: Final = {
    "stitched cloth": ("#f4ecd8", "#b9a888", 20, '<path d="M50 190h204M50 197h204" stroke-dasharray="4 5"/>'),
    "rubber": ("#5b4a3c", "#3a2e25", 16, '<path d="M50 197h204" stroke-dasharray="8 6"/>'),
    "leather": ("#a86f3d", "#7a4c25", 14, '<path d="M52 191h200"/>'),
    "crepe": ("#e0b878", "#b58a4a", 24, '<path d="M50 192h204M50 200h204"/>'),
}
MOTIFS: Final = {
    "plain": "",
    "peony": """<g transform="translate(206 160)"><g fill="{m}"><circle cx="0" cy="-11" r="9"/><circle cx="10" cy="-3" r="9"/><circle cx="7" cy="8" r="9"/>
<circle cx="-7" cy="8" r="9"/><circle cx="-10" cy="-3" r="9"/></g><circle r="6" fill="#f3c64b"/><path fill="#7fa66a" d="M-16 8c-14 0-20-8-24-16 12-2 22 4 24 16z"/></g>""",
    "cloud": """<g fill="none" stroke="{m}" stroke-width="4" stroke-linecap="round"><path d="M178 166c-2-12 14-16 18-6 4-12 22-8 20 4 10-2 14 6 10 10h-42c-6 0-8-4-6-8z"/><path d="M196 166c0-4 6-4 6 0"/></g>""",
    "plum": """<g stroke="{m}" fill="none" stroke-width="3.5" stroke-linecap="round"><path d="M150 176c20-2 36-12 54-14 14 0 24 6 36 8M182 166c2-8 8-12 14-16"/></g>
<g fill="{m}"><circle cx="196" cy="148" r="6"/><circle cx="212" cy="160" r="6"/><circle cx="176" cy="166" r="5"/><circle cx="234" cy="168" r="4"/></g>""",
    "bamboo": """<g stroke="{m}" stroke-width="5" stroke-linecap="round"><path d="M190 178v-12M190 160v-8M206 180v-10M206 164v-6"/></g><g fill="{m}"><path d="M192 156c8-10 18-8 24-6-4 8-16 12-24 6zM188 166c-8-8-18-6-24-2 6 8 18 8 24 2z"/></g>""",
    "crane": """<g fill="none" stroke="{m}" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"><path d="M170 174c10-16 26-18 38-10 8-8 8-14 18-14l10 4M186 166c-2-10-12-14-22-14 4 10 10 14 16 18M204 172l4 8"/></g>""",
    "tiger": """<g fill="#fff6e0"><circle cx="196" cy="162" r="7"/><circle cx="218" cy="166" r="7"/></g><g fill="#2b2320"><circle cx="197" cy="163" r="3.5"/><circle cx="219" cy="167" r="3.5"/></g>
<path fill="none" stroke="{m}" stroke-width="4" stroke-linecap="round" d="M180 146c8-6 14-4 18 0M208 148c6-4 14-2 18 4M200 176c4 4 10 4 14 0M150 150l4 14M138 148l2 12"/>""",
}  # fmt: skip
COLOURS: Final = {
    "ink black": ("#2a2a30", "#44444e", "#d8b15a"),
    "indigo": ("#2f4374", "#465c92", "#e9d9a9"),
    "vermilion": ("#b8392b", "#d35a48", "#f4d58a"),
    "jade": ("#3f7a66", "#5a9a84", "#f1e2b8"),
    "oatmeal": ("#cdb894", "#e0d1b5", "#8a3a2a"),
    "plum purple": ("#6a3a5c", "#8a5479", "#f0cf8e"),
    "grey flannel": ("#77797f", "#94969c", "#f2e8d0"),
    "rose": ("#cf7f86", "#e2a0a4", "#7b2d3c"),
}
"""Colour → cloth, its light side, and the thread that suits it."""


def draw_shoe(style: str, sole: str, colour: str, motif: str) -> str:
    """An SVG document of 300 × 300. KeyError for a style, sole, colour or motif that nobody makes."""
    cloth, light, thread = COLOURS[colour]
    fill, edge, height, seams = SOLES[sole]
    upper = UPPERS[style]
    left = 62 if style == "child" else 46
    right = 232 if style == "child" else 258
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300"><rect width="300" height="300" fill="#efe7d9"/>'
        f'<circle cx="150" cy="140" r="104" fill="{light}" opacity=".16"/><ellipse cx="152" cy="222" rx="112" ry="8" opacity=".1"/>'
        f'<g transform="translate(0 8)"><path fill="{cloth}" d="{upper}"/>'
        f'<g fill="#1d1a18" opacity=".45">{INSIDES[style]}</g>'
        f'<path fill="none" stroke="{light}" stroke-width="3" stroke-dasharray="5 5" d="M{left + 6} 176h{right - left - 14}"/>'
        f'<g fill="none" stroke="{thread}" stroke-width="3" stroke-linecap="round">{TRIMS[style]}</g>'
        f"{MOTIFS[motif].replace('{m}', thread)}"
        f'<path fill="{fill}" stroke="{edge}" d="M{left - 4} 182h{right - left + 8}q6 0 4 8-2 {height - 8}-14 {height - 8}H{left + 6}q-12 0-12-{height - 8}z"/>'
        f'<g fill="none" stroke="{edge}" stroke-width="1.6">{seams if style != "child" else ""}</g></g></svg>'
    )
