"""RFC 8628 §6.1: the alphabet and the spelling of user codes."""

from math import log2

import pytest

from quantimodo.protocol.user_codes import (
    ALPHABET,
    LENGTH,
    format_user_code,
    from_random,
    normalise,
)
from support.environment import SeededEntropy


def test_a_code_is_unambiguous_and_has_34_bits() -> None:
    assert not set("AEIOUY0123456789") & set(ALPHABET)
    assert len(set(ALPHABET)) == 20
    assert LENGTH * log2(len(ALPHABET)) > 34
    entropy = SeededEntropy(7)
    codes = [from_random(entropy.bytes(16)) for _ in range(500)]
    assert len(set(codes)) == 500
    assert set("".join(codes)) == set(ALPHABET)
    assert all(normalise(format_user_code(code)) == code for code in codes)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("WDJB-MJHT", "WDJBMJHT"),
        ("  wdjb mjht\n", "WDJBMJHT"),
        ("wdjb\u2013mjht", "WDJBMJHT"),
        ("WDJBMJH", None),
        ("WDJB-MJHTX", None),
        ("WDJB-MJHA", None),
        ("WDJB-MJH\u0130", None),
        ("", None),
        ("W" * 10_000, None),
    ],
)
def test_a_typed_code_is_normalised(typed: str, code: str | None) -> None:
    assert normalise(typed) == code
