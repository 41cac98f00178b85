"""RFC 8628 §6.1: the alphabet and the spelling of user codes."""

from math import log2

import pytest

from quantimodo.protocol.device_grant import (
    USER_CODE_ALPHABET,
    USER_CODE_LENGTH,
    format_user_code,
    parse_user_code,
    user_code_from_random,
)
from support.environment import SeededEntropy


def test_a_code_is_unambiguous_and_has_34_bits() -> None:
    assert not set("AEIOUY0123456789") & set(USER_CODE_ALPHABET)
    assert len(set(USER_CODE_ALPHABET)) == 20
    assert USER_CODE_LENGTH * log2(len(USER_CODE_ALPHABET)) > 34
    entropy = SeededEntropy(7)
    codes = [user_code_from_random(entropy.bytes(16)) for _ in range(500)]
    assert len(set(codes)) == 500
    assert set("".join(codes)) == set(USER_CODE_ALPHABET)
    assert all(parse_user_code(format_user_code(code)) == code for code in codes)


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
    assert parse_user_code(typed) == code
