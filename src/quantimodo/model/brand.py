"""How the service of an operator looks: its name, logo, colors, links, and its e-mails."""

from dataclasses import dataclass, field
from typing import Final

PRODUCT: Final = "QuantiModo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colors of one look, each as `#rrggbb`. `deep` is the accent under the pointer, and `tint`
    the background of a notice."""

    accent: str
    deep: str
    on_accent: str
    tint: str
    on_tint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture, with the media type that was found in its content."""

    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """Without palettes the colors are those of the shipped style sheet. The links are addresses of
    https, or mailto for support; "" for none."""

    name: str = PRODUCT
    logo: Picture | None = None
    light: Palette | None = None
    dark: Palette | None = None
    support: str = ""
    privacy_policy: str = ""
    imprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLook:
    """What an operator adds to e-mails. `template` is a whole HTML document with the places of
    `ops/mail_html.py`; "" for the shipped one."""

    accent: str = "#0b6b57"
    on_accent: str = "#fff"
    accent_dark: str = "#5fd0b3"
    on_accent_dark: str = "#05251c"
    header: str = ""
    footer: str = ""
    template: str = field(default="", repr=False)


UNBRANDED: Final = Brand()
PLAIN_MAIL: Final = MailLook()
