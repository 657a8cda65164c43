"""The institution's colour in every page: shades of it that can be read, whatever the colour.

Contrast is WCAG 2.2's: 4.5 to 1 for text. `INSTITUTION_COLOR` is one colour; light and dark mode, the pages and the
administration need several, which are made from it by mixing it with black or white until they can be read.
"""

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import NamedTuple

READABLE = 4.5
CLEARER = 6.0  # what is pressed, and what stands on a tint of the colour itself


class Color(NamedTuple):
    red: float
    green: float
    blue: float

    def __str__(self) -> str:
        return "#" + "".join(f"{round(part):02x}" for part in self)

    @property
    def numbers(self) -> str:
        return ", ".join(str(round(part)) for part in self)


WHITE, BLACK = Color(255, 255, 255), Color(0, 0, 0)
LIGHT_PAGE = Color(0xF4, 0xF6, 0xF9)  # as in mailkey.css
DARK_PAGE, DARK_PANEL = Color(0x12, 0x17, 0x1D), Color(0x1B, 0x23, 0x2C)


def parse(text: str) -> Color:
    """`#rrggbb`. Anything else is a ValueError."""
    if len(text) != 7 or text[0] != "#":
        raise ValueError(text)
    return Color(*bytes.fromhex(text[1:]))


def mixed(color: Color, other: Color, part: float) -> Color:
    """With so much (0 to 1) of the other."""
    return Color(*(one + (two - one) * part for one, two in zip(color, other, strict=True)))


def luminance(color: Color) -> float:
    """Relative luminance, by https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (c / 255 for c in color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Color, other: Color) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def shade(color: Color, towards: Color, *backgrounds: Color, at_least: float) -> Color:
    """The nearest to the colour that can be read on all of these."""
    for step in range(101):
        tried = parse(str(mixed(color, towards, step / 100)))  # as it will be written
        if all(contrast(tried, ground) >= at_least for ground in backgrounds):
            return tried
    return towards


class Shades(NamedTuple):
    accent: Color  # buttons, links, focus
    strong: Color  # the same under the pointer, and the chosen entry of a menu
    on_accent: Color  # text on a button
    tint: Color  # behind the chosen entry of a menu


def light(color: Color) -> Shades:
    tint = mixed(color, WHITE, 0.88)
    accent = shade(color, BLACK, WHITE, LIGHT_PAGE, tint, at_least=READABLE)
    strong = shade(mixed(accent, BLACK, 0.15), BLACK, WHITE, LIGHT_PAGE, tint, at_least=CLEARER)
    return Shades(accent, strong, WHITE, tint)


def dark(color: Color) -> Shades:
    tint = mixed(color, DARK_PAGE, 0.8)
    accent = shade(color, WHITE, DARK_PANEL, DARK_PAGE, tint, at_least=READABLE)
    strong = shade(mixed(accent, WHITE, 0.35), WHITE, DARK_PANEL, DARK_PAGE, tint, at_least=CLEARER)
    on_accent = shade(mixed(color, BLACK, 0.7), BLACK, accent, strong, at_least=READABLE)
    return Shades(accent, strong, on_accent, tint)


def _tokens(shades: Shades) -> Iterator[str]:
    yield f"--accent: {shades.accent}; --accent-strong: {shades.strong}; --on-accent: {shades.on_accent};"
    yield f"--bs-link-color: {shades.accent}; --bs-link-color-rgb: {shades.accent.numbers};"
    yield f"--bs-link-hover-color: {shades.strong}; --bs-link-hover-color-rgb: {shades.strong.numbers};"
    yield f"--info-bg: {shades.tint};"


def _admin_tokens(shades: Shades, button: Color) -> Iterator[str]:
    """White stands on bars and buttons in both modes."""
    darker, darkest = mixed(button, BLACK, 0.2), mixed(button, BLACK, 0.4)
    yield f"--primary: {button}; --secondary: {darkest}; --header-bg: {darkest}; --breadcrumbs-bg: {button};"
    yield "--breadcrumbs-fg: #fff; --breadcrumbs-link-fg: #fff;"
    yield f"--button-bg: {button}; --button-hover-bg: {darker};"
    yield f"--default-button-bg: {darker}; --default-button-hover-bg: {darkest};"
    yield f"--link-fg: {shades.accent}; --link-hover-color: {shades.strong}; --link-selected-fg: {shades.strong};"


@cache
def stylesheet(color: str) -> str:
    """What mailkey.css and admin.css leave to the institution."""
    base = parse(color)
    by_day, by_night = light(base), dark(base)
    button = shade(base, BLACK, WHITE, at_least=READABLE)
    dark_admin = " ".join(_admin_tokens(by_night, button))
    lines = [  # the administration's pages have data-theme, and other names for the same
        f":root:not([data-theme]) {{ {' '.join(_tokens(by_day))} }}",
        f":root[data-theme] {{ {' '.join(_admin_tokens(by_day, button))} }}",
        "@media screen and (prefers-color-scheme: dark) {",
        f"  :root:not([data-theme]) {{ {' '.join(_tokens(by_night))} }}",
        f'  :root[data-theme="auto"] {{ {dark_admin} }}',
        "}",
        f':root[data-theme="dark"] {{ {dark_admin} }}',
    ]
    return "\n".join(lines) + "\n"


def version(content: bytes) -> str:
    """For the address: another content has another one, so that each can be kept for ever."""
    return sha256(content).hexdigest()[:12]
