"""The HTML part of an e-mail, made from its text (RFC 2046 §5.1.4). Pure. All e-mails have one
layout, that of the server or of the operator. It loads nothing and has no script; the colors follow
the theme of the reader. It is made when the e-mail is sent, so that the queue stores the text
only."""

import re
from html import escape
from typing import Final

from quantimodo.model.brand import PLAIN_MAIL, MailLook
from quantimodo.model.events import Mail

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"]+")
_SIGNATURE: Final = "-- \n"  # RFC 3676 §4.3
_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{margin:0;padding:24px 12px;background:#f4f6f4;color:#14201c;"
    "font:16px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}"
    "div{max-width:34em;margin:0 auto;padding:24px;background:#fff;border:1px solid #dde3df;"
    "border-radius:12px;overflow-wrap:anywhere}"
    "h1{margin:0 0 16px;font-size:22px;line-height:1.3}"
    "p{margin:0 0 16px;white-space:pre-line}"
    "a{color:ACCENT}"
    "a.b{display:inline-block;padding:12px 20px;border-radius:8px;background:ACCENT;color:ON_IT;"
    "font-weight:600;text-decoration:none}"
    ".s{margin:0;font-size:14px;color:#4f5d57}"
    "@media (prefers-color-scheme:dark){"
    "body{background:#0d1311;color:#e7eeea}div{background:#151d1a;border-color:#27332e}"
    "a{color:DARK_ACCENT}a.b{background:DARK_ACCENT;color:DARK_ON_IT}.s{color:#a4b3ac}}"
)
_PLACE: Final = re.compile(r"\{\{([^{}]*)\}\}")
_PLACES: Final = ("content", "title", "service", "language", "direction")
_REFUSED: Final = re.compile(
    r"<\s*(script|iframe|object|embed|form|link|base|meta http)", re.IGNORECASE
)


def check_template(text: str) -> None:
    """Check the HTML document of an operator. Raises `ValueError` that says what it must have."""
    places = _PLACE.findall(text)
    if not set(places) <= set(_PLACES):
        known = ", ".join(f"{{{{{name}}}}}" for name in _PLACES)
        raise ValueError(f"has a place that is not known; known are {known}")
    if places.count("content") != 1:
        raise ValueError("must have {{content}} once")
    if _REFUSED.search(text):
        raise ValueError("must have no script, frame, form or link element")


def html_of(mail: Mail, service: str, look: MailLook = PLAIN_MAIL) -> str:
    """The HTML document of this e-mail. `service` is the name of the sender."""
    body, _, signature = mail.text.rstrip("\n").partition(_SIGNATURE)
    linked = _linked if mail.direction == "ltr" else _linked_from_left
    parts = [f"<p>{linked(look.header)}</p>"] if look.header else []
    action = mail.action
    for paragraph in filter(None, body.split("\n\n")):
        text = paragraph.strip("\n")
        if action and _ADDRESS.fullmatch(text):
            parts.append(f'<p><a class="b" href="{escape(text)}">{escape(action)}</a></p>')
            action = ""
        parts.append(f"<p>{linked(text)}</p>")
    parts.append(f'<p class="s">{escape(service)}<br>{linked(signature)}</p>')
    if look.footer:
        parts.append(f'<p class="s"><br>{linked(look.footer)}</p>')
    title = escape(mail.subject)
    if look.template:
        values = {
            "content": "".join(parts),
            "title": title,
            "service": escape(service),
            "language": escape(mail.language),
            "direction": escape(mail.direction),
        }
        return _PLACE.sub(lambda place: values[place[1]], look.template)
    return (
        f'<!doctype html><html lang="{escape(mail.language)}" dir="{escape(mail.direction)}"><head>'
        '<meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="supported-color-schemes" content="light dark">'
        f"<title>{title}</title><style>{_style(look)}</style></head>"
        f"<body><div><h1>{title}</h1>{''.join(parts)}</div></body></html>\n"
    )


def text_of(mail: Mail, look: MailLook = PLAIN_MAIL) -> str:
    """The text of this e-mail, with the operator's header and footer."""
    header = f"{look.header}\n\n" if look.header else ""
    footer = f"\n{look.footer}\n" if look.footer else ""
    return f"{header}{mail.text}{footer}"


def _style(look: MailLook) -> str:
    colors = {
        "DARK_ACCENT": look.accent_dark,
        "DARK_ON_IT": look.on_accent_dark,
        "ACCENT": look.accent,
        "ON_IT": look.on_accent,
    }
    style = _STYLE
    for name, color in colors.items():  # the longer names first
        style = style.replace(name, color)
    return style


def _linked(text: str) -> str:
    """The text, escaped. A line that is an address is a link."""
    return "\n".join(
        f'<a href="{escape(line)}">{escape(line)}</a>' if _ADDRESS.fullmatch(line) else escape(line)
        for line in text.split("\n")
    )


def _linked_from_left(text: str) -> str:
    """`_linked` for text from right to left: an address keeps its order where it is broken into
    lines (UAX #9)."""
    return _linked(text).replace("<a href=", '<a dir="ltr" href=')
