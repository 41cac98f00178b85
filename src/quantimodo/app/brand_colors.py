"""The palettes that follow from an accent color, with the contrast of each pair checked. Pure.

Contrast is that of WCAG 2.2 (relative luminance, 1.4.3): 4.5:1 for text on its background.
"""

import re
from typing import Final

from quantimodo.model.brand import Palette

ENOUGH: Final = 4.5
_COLOR: Final = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", re.ASCII)
# The backgrounds of pages/static/site.css: paper and card of each theme.
LIGHT_BACKGROUNDS: Final = ("#f4f6f4", "#ffffff")
DARK_BACKGROUNDS: Final = ("#0d1311", "#151d1a")
_WHITE: Final = "#ffffff"
_BLACK: Final = "#000000"

Rgb = tuple[int, int, int]


class PoorContrast(ValueError):
    """A color cannot be read on its background. The text names both."""


def light_palette(accent: str) -> Palette:
    """The colors of the light theme. Raises `ValueError` for no color, and `PoorContrast`."""
    _require(accent, LIGHT_BACKGROUNDS)
    return Palette(
        accent=accent,
        deep=mixed(accent, _BLACK, 0.25),
        on_accent=_WHITE,
        tint=_tint(accent, _WHITE, 0.88),
        on_tint=mixed(accent, _BLACK, 0.2),
    )


def dark_palette(accent: str) -> Palette:
    """The colors of the dark theme. Raises `ValueError` for no color, and `PoorContrast`."""
    _require(accent, DARK_BACKGROUNDS)
    return Palette(
        accent=accent,
        deep=mixed(accent, _WHITE, 0.25),
        on_accent=_BLACK,
        tint=_tint(accent, _BLACK, 0.75),
        on_tint=mixed(accent, _WHITE, 0.35),
    )


def lighter_accent(accent: str) -> str:
    """The accent for the dark theme: the same, lighter until its contrast suffices."""
    return _readable(accent, DARK_BACKGROUNDS[1], _WHITE)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colors, from 1 to 21."""
    darker, lighter = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(color: str, other: str, share: float) -> str:
    """The color with this share of the other one."""
    pairs = zip(_rgb(color), _rgb(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _require(accent: str, backgrounds: tuple[str, ...]) -> None:
    for background in backgrounds:
        ratio = contrast(accent, background)
        if ratio < ENOUGH:
            raise PoorContrast(
                f"has a contrast of {ratio:.2f}:1 to the background {background}, and needs"
                f" {ENOUGH}:1 (WCAG 1.4.3)"
            )


def _tint(accent: str, toward: str, share: float) -> str:
    """A tint of `toward` on which the contrast of the accent suffices."""
    shades = (mixed(accent, toward, share + (1 - share) * step / 8) for step in range(9))
    return next(each for each in shades if contrast(accent, each) >= ENOUGH)


def _readable(color: str, background: str, toward: str) -> str:
    """The color, mixed with `toward` until its contrast to the background suffices."""
    steps = (mixed(color, toward, step / 20) for step in range(21))
    return next((each for each in steps if contrast(each, background) >= ENOUGH), toward)


def _rgb(color: str) -> Rgb:
    match = _COLOR.fullmatch(color)
    if match is None:
        raise ValueError("must be a color such as #0b6b57")
    red, green, blue = (int(part, 16) for part in match.groups())
    return red, green, blue


def _luminance(color: Rgb) -> float:
    red, green, blue = (_linear(part / 255) for part in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
