"""Translates the settings of the branding into values of pages and e-mails.

Owns the rules that the server checks at its start: readable files, colors with enough contrast,
addresses that people can open.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from quantimodo.accounts.addresses import email_address
from quantimodo.accounts.errors import InvalidInput
from quantimodo.app.brand_colors import dark_palette, light_palette, lighter_accent
from quantimodo.app.settings.branding import BrandingSettings
from quantimodo.app.settings.tree import Settings
from quantimodo.clients.errors import InvalidMetadata
from quantimodo.clients.logos import LARGEST, parse_logo
from quantimodo.model.brand import PLAIN_MAIL, PRODUCT, Brand, MailLook, Palette, Picture
from quantimodo.ops.mail_html import check_template
from quantimodo.protocol.uris import InvalidUri, parse_uri

Fault = Callable[[str, str], None]

_LONGEST_NAME: Final = 64
_LONGEST_LINE: Final = 200
_LONGEST_FOOTER: Final = 1000
_LARGEST_TEMPLATE: Final = 100 * 1024
TEMPLATE: Final = "email.html"


def brand_of(settings: Settings) -> Brand:
    """How the pages look. Reads the logo. The settings were checked."""
    branding = settings.branding
    light, dark = _palettes(branding)
    return Brand(
        name=branding.name or PRODUCT,
        logo=_logo(branding),
        light=light,
        dark=dark,
        support=_support(branding.support),
        privacy_policy=branding.privacy_policy,
        imprint=branding.imprint,
    )


def mail_look_of(settings: Settings) -> MailLook:
    """How e-mails look. Reads the template. The settings were checked."""
    branding = settings.branding
    light, dark = _palettes(branding)
    return MailLook(
        accent=light.accent if light else PLAIN_MAIL.accent,
        on_accent=light.on_accent if light else PLAIN_MAIL.on_accent,
        accent_dark=dark.accent if dark else PLAIN_MAIL.accent_dark,
        on_accent_dark=dark.on_accent if dark else PLAIN_MAIL.on_accent_dark,
        header=branding.email_header,
        footer=branding.email_footer.strip(),
        template=_template(branding),
    )


def check_branding(settings: Settings, fault: Fault) -> None:
    """Calls `fault` for each broken rule."""
    branding = settings.branding

    def report(name: str, text: str) -> None:
        fault(f"branding.{name}", text)

    if not _is_line(branding.name, _LONGEST_NAME):
        report("name", f"must have at most {_LONGEST_NAME} printable characters")
    if not _is_line(branding.email_header, _LONGEST_LINE):
        report("email_header", f"must be one line of at most {_LONGEST_LINE} characters")
    if len(branding.email_footer) > _LONGEST_FOOTER or "\n-- \n" in branding.email_footer:
        report("email_footer", f"must have at most {_LONGEST_FOOTER} characters")
    _check_colors(branding, report)
    _check_links(branding, report)
    _check_files(branding, report)


def _check_colors(branding: BrandingSettings, report: Fault) -> None:
    if branding.accent_dark and not branding.accent:
        report("accent_dark", "needs branding.accent beside it")
        return
    for name, palette in (("accent", light_palette), ("accent_dark", dark_palette)):
        color = getattr(branding, name).lower()
        try:
            if color:
                palette(color)
        except ValueError as refusal:
            report(name, str(refusal))


def _check_links(branding: BrandingSettings, report: Fault) -> None:
    for name in ("privacy_policy", "imprint"):
        address = getattr(branding, name)
        if address and not _is_https(address):
            report(name, "must be an https address")
    if branding.support and not _is_https(branding.support) and not _is_email(branding.support):
        report("support", "must be an e-mail address or an https address")


def _check_files(branding: BrandingSettings, report: Fault) -> None:
    try:
        _logo(branding)
    except InvalidMetadata as refusal:
        report("logo", "; ".join(each.message for each in refusal.faults))
    except (OSError, ValueError):  # a path with a null byte is a ValueError
        report("logo", "names a file that cannot be read")
    try:
        _template(branding)
    except (OSError, UnicodeDecodeError):
        report("email_folder", f"has no file {TEMPLATE} that can be read")
    except ValueError as refusal:
        report("email_folder", f"{TEMPLATE} {refusal}")


def _palettes(branding: BrandingSettings) -> tuple[Palette | None, Palette | None]:
    accent = branding.accent.lower()
    if not accent:
        return None, None
    dark = branding.accent_dark.lower() or lighter_accent(accent)
    return light_palette(accent), dark_palette(dark)


def _logo(branding: BrandingSettings) -> Picture | None:
    if not branding.logo:
        return None
    with Path(branding.logo).open("rb") as file:
        logo = parse_logo(file.read(LARGEST + 1))
    return Picture(media_type=logo.media_type, data=logo.data)


def _template(branding: BrandingSettings) -> str:
    """The HTML of e-mails, checked. Raises `OSError`, `ValueError`."""
    if not branding.email_folder:
        return ""
    text = (Path(branding.email_folder) / TEMPLATE).read_text("utf-8")
    if len(text) > _LARGEST_TEMPLATE:
        raise ValueError(f"must not have more than {_LARGEST_TEMPLATE} characters")
    check_template(text)
    return text


def _support(text: str) -> str:
    return text if not text or _is_https(text) else f"mailto:{text}"


def _is_https(text: str) -> bool:
    try:
        return parse_uri(text).scheme == "https"
    except InvalidUri:
        return False


def _is_email(text: str) -> bool:
    try:
        return email_address(text) == text and not set(text) & set("?&#%")
    except InvalidInput:
        return False


def _is_line(text: str, longest: int) -> bool:
    return len(text) <= longest and text.isprintable()
