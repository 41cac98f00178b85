"""RFC 8628 §3.4, §3.5, security.md §3: the whole truth table of a device code. Each fault is
sufficient alone, and of several ones the first in the order of the checks is reported."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from quantimodo.crypto.tokens import SuccessorDerivation
from quantimodo.grant_types.contract import Redeem, Repeat, Wait
from quantimodo.grant_types.device_code import DeviceCodeGrant, DeviceEvidence, FirstTokens
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.devices import DeviceAuthorization
from quantimodo.model.tokens import (
    AuthorizationCode,
    FoundCode,
    FoundRefreshToken,
    Grant,
    RefreshToken,
)
from quantimodo.model.users import User
from quantimodo.protocol.errors import InvalidGrant, OAuthError, ReplayDetected
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import Targets

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FAULTS = ("absent", "foreign", "redeemed", "revoked", "expired", "refused", "undecided", "no key")
APP = Client(id="app", name="App", created_at=NOW, scope=frozenset())
ANN = User(id=1, subject="s", name="Ann", email=None, created_at=NOW, updated_at=NOW)
KEY = Confirmation("jkt", "k" * 43)
GRACE = timedelta(seconds=10)
GRANT_TYPE = DeviceCodeGrant(
    Targets("https://id.example.org/api"),
    None,  # type: ignore[arg-type]
    SuccessorDerivation(b"k" * 32),
    GRACE,
)
TOKENS = GRANT_TYPE.derivation.derive("qmd_", b"u", NOW)


def decided(
    faults: frozenset[str], first: FirstTokens | None = None, age: timedelta = SECOND
) -> Redeem | Repeat | Wait:
    open_ = faults & {"refused", "undecided"}
    client_id = "another" if "foreign" in faults else APP.id
    device = DeviceAuthorization(
        key=b"d",
        user_code=b"u",
        sealed=b"s",
        client_id=client_id,
        parameters=(),
        confirmation=KEY,
        address="",
        agent="",
        created_at=NOW - age,
        expires_at=NOW - SECOND if "expired" in faults else NOW + SECOND,
        polled_at=None,
        interval=5 * SECOND,
        decided_at=None if open_ == {"undecided"} else NOW - SECOND,
        approved=not open_,
    )
    grant = Grant(
        id=b"g",
        client_id=client_id,
        user_id=ANN.id,
        scope=frozenset({"basic"}),
        authenticated_at=NOW - SECOND,
        created_at=NOW - SECOND,
        expires_at=NOW + SECOND,
    )
    code = FoundCode(
        code=AuthorizationCode(b"d", b"g", None, None, None, device.expires_at, KEY),
        grant=grant,
        user=ANN,
        redeemed_at=NOW - age if "redeemed" in faults else None,
        revoked="revoked" in faults,
    )
    evidence = DeviceEvidence(device, None if open_ else code, first)
    return GRANT_TYPE.decide(
        Form({"device_code": "qmd_"}),
        APP,
        None if "absent" in faults else evidence,
        NOW,
        None if "no key" in faults else KEY,
    )


def expected(faults: frozenset[str]) -> str:
    """The error of these faults."""
    if faults & {"absent", "foreign", "no key"}:
        return "invalid_grant"
    is_open = bool(faults & {"refused", "undecided"})
    if "redeemed" in faults and not is_open:
        return "invalid_grant"
    if "refused" in faults:
        return "access_denied"
    if "expired" in faults:
        return "expired_token"
    return "authorization_pending" if is_open else "invalid_grant"


def outcome(faults: frozenset[str]) -> OAuthError | None:
    """The error that the client gets; None for tokens."""
    try:
        decision = decided(faults)
    except OAuthError as error:
        return error
    return decision.error if isinstance(decision, Wait) else None


def test_a_device_code_is_redeemed_in_one_row_of_the_whole_table() -> None:
    for row in product((False, True), repeat=len(FAULTS)):
        faults = frozenset(name for name, has in zip(FAULTS, row, strict=True) if has)
        error = outcome(faults)
        if not faults:
            assert error is None
            continue
        assert error is not None, faults
        assert (error.code, error.status) == (expected(faults), 400), faults


def test_only_the_client_with_the_key_ends_the_grant_by_a_replay() -> None:
    with pytest.raises(ReplayDetected):
        decided(frozenset({"redeemed"}))
    for fault in ("foreign", "no key"):
        with pytest.raises(InvalidGrant) as refused:
            decided(frozenset({"redeemed", fault}))
        assert not isinstance(refused.value, ReplayDetected)


def first(*, used: bool | None, key: Confirmation | None = KEY) -> FirstTokens:
    """What the first poll got: a refresh token that was used or not, or none."""
    row = RefreshToken(TOKENS.refresh.key, b"g", NOW, NOW + SECOND, key)
    grant = Grant(
        id=b"g",
        client_id=APP.id,
        user_id=ANN.id,
        scope=frozenset(),
        authenticated_at=NOW,
        created_at=NOW,
        expires_at=NOW,
    )
    spent_at = NOW if used else None
    found = FoundRefreshToken(row, grant, ANN, spent_at, None, revoked=False)
    return FirstTokens(TOKENS, None if used is None else found, key)


MINUTE = 60 * SECOND
OTHER_KEY = Confirmation("jkt", "o" * 43)
REPEATS: list[tuple[FirstTokens, timedelta, str, str]] = [
    # A refresh token that was never used shows that the response may be lost.
    (first(used=False), SECOND, "", "repeat"),
    (first(used=False), 14 * MINUTE, "", "repeat"),
    (first(used=True), GRACE, "", "repeat"),
    (first(used=True), GRACE + SECOND, "", "replay"),
    # Nothing shows it to a client without refresh tokens.
    (first(used=None), 3 * MINUTE, "", "repeat"),
    (first(used=None), 3 * MINUTE + SECOND, "", "replay"),
    # Revocation, the key and the end of the device code override the repeat.
    (first(used=False), SECOND, "revoked", "invalid_grant"),
    (first(used=True), MINUTE, "revoked", "invalid_grant"),
    (first(used=False), SECOND, "no key", "invalid_grant"),
    (first(used=False, key=OTHER_KEY), SECOND, "", "invalid_grant"),
    (first(used=None, key=OTHER_KEY), SECOND, "", "invalid_grant"),
    (first(used=False), SECOND, "foreign", "invalid_grant"),
    (first(used=False), SECOND, "expired", "expired_token"),
    (first(used=True), MINUTE, "expired", "replay"),
]


@pytest.mark.parametrize(("tokens", "age", "fault", "expected_outcome"), REPEATS)
def test_3_5_a_repeated_poll_gets_the_same_tokens_while_they_may_be_lost(
    tokens: FirstTokens, age: timedelta, fault: str, expected_outcome: str
) -> None:
    try:
        decision = decided(frozenset({"redeemed", fault}), tokens, age)
    except ReplayDetected:
        outcome = "replay"
    except OAuthError as error:
        outcome = error.code
    else:
        assert isinstance(decision, Repeat)
        assert decision.minted.tokens == TOKENS
        outcome = "repeat"
    assert outcome == expected_outcome
