"""Texts for developers in pages: a part between grave accents becomes a `code` element."""

from markupsafe import Markup, escape


def inline_code(text: str) -> Markup:
    """The escaped text, with `code` elements in place of pairs of grave accents."""
    pieces = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )
