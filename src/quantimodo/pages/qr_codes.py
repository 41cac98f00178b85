"""QR codes as pictures in a page."""

from typing import Final

import segno

from quantimodo.model.secrets import Secret

_QUIET_ZONE: Final = 4  # ISO/IEC 18004
_GROUP: Final = 4


def qr_code(text: Secret) -> str:
    """A QR code of this text as an SVG picture in a `data:` address; it is dark on light in any
    colour scheme, because many scanners read no other."""
    code = segno.make(text.reveal(), error="m", micro=False)
    return code.svg_data_uri(
        scale=4, border=_QUIET_ZONE, dark="#000", light="#fff", encode_minimal=True
    )


def key_groups(key: Secret) -> str:
    """The key in groups, for people who type it."""
    text = key.reveal()
    return " ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
