"""Sealing at rest: AES-256-GCM, a subkey for each purpose, keys that can be rotated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.ports.clock import Entropy


class Counting:
    """Entropy that never repeats, for properties that draw many times."""

    def __init__(self) -> None:
        self._drawn = 0

    def bytes(self, count: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(count, "big")


OLD, NEW = b"o" * 32, b"n" * 32


@given(st.binary(max_size=2000), st.text(max_size=20))
def test_an_encrypted_value_can_be_opened(plaintext: bytes, purpose: str) -> None:
    envelope = Envelope([NEW], Counting())
    assert envelope.open(envelope.seal(plaintext, purpose), purpose) == plaintext


def test_nothing_of_it_can_be_read_and_it_never_looks_the_same(entropy: Entropy) -> None:
    envelope = Envelope([NEW], entropy)
    first, second = (envelope.seal(b"an e-mail to Ann", "mail") for _ in range(2))
    assert first != second
    assert b"Ann" not in first


def test_another_purpose_does_not_open_it(entropy: Entropy) -> None:
    envelope = Envelope([NEW], entropy)
    with pytest.raises(DecryptionFailed):
        envelope.open(envelope.seal(b"x", "mail"), "keys")


def test_another_key_does_not_open_it(entropy: Entropy) -> None:
    sealed = Envelope([OLD], entropy).seal(b"x", "mail")
    with pytest.raises(DecryptionFailed):
        Envelope([NEW], entropy).open(sealed, "mail")


def test_the_first_key_seals_and_all_of_them_open(entropy: Entropy) -> None:
    before, after = Envelope([OLD], entropy), Envelope([NEW, OLD], entropy)
    assert after.open(before.seal(b"x", "mail"), "mail") == b"x"
    assert Envelope([NEW], entropy).open(after.seal(b"y", "mail"), "mail") == b"y"


def test_a_changed_bit_anywhere_is_found(entropy: Entropy) -> None:
    envelope = Envelope([NEW], entropy)
    sealed = envelope.seal(b"pay 10", "mail")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(DecryptionFailed):
            envelope.open(bytes(changed), "mail")


@given(st.binary(max_size=60))
def test_a_value_that_was_never_encrypted_does_not_open(rubbish: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        Envelope([NEW], Counting()).open(rubbish, "mail")


def test_a_cut_envelope_does_not_open(entropy: Entropy) -> None:
    envelope = Envelope([NEW], entropy)
    sealed = envelope.seal(b"x", "mail")
    for length in range(len(sealed)):
        with pytest.raises(DecryptionFailed):
            envelope.open(sealed[:length], "mail")


@pytest.mark.parametrize("keys", [[], [b""], [b"k" * 31], [NEW, b"k" * 33]])
def test_a_key_of_another_length_is_refused(keys: list[bytes], entropy: Entropy) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Envelope(keys, entropy)


def test_a_subkey_is_stable_and_its_own(entropy: Entropy) -> None:
    envelope = Envelope([NEW, OLD], entropy)
    assert envelope.derive("throttle") == envelope.derive("throttle")
    assert len(envelope.derive("throttle")) == 32
    assert len({envelope.derive("throttle"), envelope.derive("csrf"), NEW, OLD}) == 4


def test_after_a_rotation_the_old_subkey_is_still_known(entropy: Entropy) -> None:
    before, after = Envelope([OLD], entropy), Envelope([NEW, OLD], entropy)
    assert after.derive("successor") != before.derive("successor")
    assert after.derive_all("successor") == (after.derive("successor"), before.derive("successor"))


def test_its_keys_are_not_printed(entropy: Entropy) -> None:
    assert "n" * 8 not in repr(Envelope([NEW], entropy))
