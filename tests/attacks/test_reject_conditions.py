"""security.md §3: the reject conditions are *or*-ed. A code or a refresh token with one fault, or
with any combination of faults, is refused: these tests check the whole truth table."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantimodo.crypto.tokens import SuccessorDerivation
from quantimodo.grant_types.authorization_code import AuthorizationCodeGrant
from quantimodo.grant_types.contract import Redeem, Repeat, Rotate
from quantimodo.grant_types.refresh_token import RefreshEvidence, RefreshTokenGrant, StoredSuccessor
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.tokens import (
    AuthorizationCode,
    FoundCode,
    FoundRefreshToken,
    Grant,
    RefreshToken,
)
from quantimodo.model.users import User
from quantimodo.protocol.errors import InvalidGrant, InvalidScope, ReplayDetected
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import Targets
from support.app import CALLBACK, CHALLENGE, VERIFIER

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GRACE = 10 * SECOND
OTHER = "https://app.example.org/other"
FAULTS_OF_A_CODE = (
    "absent",
    "foreign",
    "redeemed",
    "revoked",
    "expired",
    "redirect_uri missing",
    "redirect_uri other",
    "verifier missing",
    "verifier other",
    "verifier malformed",
    "key missing",
    "key other",
)
FAULTS_OF_A_TOKEN = (
    "absent",
    "foreign",
    "spent",
    "revoked",
    "expired",
    "grant expired",
    "scope too wide",
    "key missing",
    "key other",
)
APP = Client(
    id="app", name="App", created_at=NOW, redirect_uris=(CALLBACK, OTHER), scope=frozenset()
)
ANN = User(id=1, subject="s", name="Ann", email=None, created_at=NOW, updated_at=NOW)
TARGETS = Targets("https://id.example.org/api")
DERIVATION = SuccessorDerivation(b"key")
REFRESH_TOKEN_GRANT = RefreshTokenGrant(
    GRACE, legacy_transport=True, derivation=DERIVATION, targets=TARGETS
)
KEY, OTHER_KEY = Confirmation("jkt", "k" * 43), Confirmation("jkt", "o" * 43)
moments = st.integers(0, 10**9).map(lambda count: timedelta(microseconds=count))


@dataclass(frozen=True)
class Times:
    """How long ago or ahead the moments of a case are."""

    past: timedelta = SECOND
    future: timedelta = SECOND


def grant_of(faults: frozenset[str], times: Times) -> Grant:
    return Grant(
        id=b"f",
        client_id="another client" if "foreign" in faults else APP.id,
        user_id=ANN.id,
        scope=frozenset({"basic"}),
        authenticated_at=NOW - times.past,
        created_at=NOW - times.past,
        expires_at=NOW - times.past if "grant expired" in faults else NOW + times.future,
    )


def redeem(faults: frozenset[str], times: Times) -> Redeem:
    code = AuthorizationCode(
        key=b"c",
        grant_id=b"f",
        redirect_uri=CALLBACK,
        challenge=CHALLENGE,
        nonce=None,
        expires_at=NOW - times.past if "expired" in faults else NOW + times.future,
        confirmation=KEY,
    )
    found = FoundCode(
        code=code,
        grant=grant_of(faults, times),
        user=ANN,
        redeemed_at=NOW - times.past if "redeemed" in faults else None,
        revoked="revoked" in faults,
    )
    fields = {"code": "qmc_", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    if "redirect_uri other" in faults:
        fields["redirect_uri"] = OTHER
    if "redirect_uri missing" in faults:
        del fields["redirect_uri"]
    if "verifier malformed" in faults:
        fields["code_verifier"] = VERIFIER + "="
    if "verifier other" in faults:
        fields["code_verifier"] = VERIFIER[::-1]
    if "verifier missing" in faults:
        del fields["code_verifier"]
    evidence = None if "absent" in faults else found
    return AuthorizationCodeGrant(TARGETS).decide(
        Form(fields), APP, evidence, NOW, shown_key(faults)
    )


def refresh(faults: frozenset[str], times: Times) -> Rotate | Repeat:
    token = RefreshToken(
        key=b"r",
        grant_id=b"f",
        issued_at=NOW - times.past,
        expires_at=NOW - times.past if "expired" in faults else NOW + times.future,
        confirmation=KEY,
    )
    found = FoundRefreshToken(
        token=token,
        grant=grant_of(faults, times),
        user=ANN,
        spent_at=NOW - GRACE - times.past if "spent" in faults else None,
        successor_nonce=b"s" if "spent" in faults else None,
        revoked="revoked" in faults,
    )
    scope = "basic readmeasurements" if "scope too wide" in faults else "basic"
    form = Form({"refresh_token": "qmr_", "scope": scope})
    evidence = None if "absent" in faults else evidence_of(found, successor_spent_at=NOW)
    return REFRESH_TOKEN_GRANT.decide(form, APP, evidence, NOW, shown_key(faults))


def shown_key(faults: frozenset[str]) -> Confirmation | None:
    """The key of which the request shows possession."""
    if "key missing" in faults:
        return None
    return OTHER_KEY if "key other" in faults else KEY


def evidence_of(found: FoundRefreshToken, successor_spent_at: datetime | None) -> RefreshEvidence:
    """`found`, with a successor that ends at the same time if it is spent."""
    if found.spent_at is None:
        return RefreshEvidence(found)
    successor = found._replace(spent_at=successor_spent_at)
    tokens = DERIVATION.derive("qmr_", b"n", found.spent_at)
    return RefreshEvidence(found, StoredSuccessor(tokens, successor))


def is_refused(faults: frozenset[str], times: Times, *, code: bool) -> bool:
    try:
        redeem(faults, times) if code else refresh(faults, times)
    except (InvalidGrant, InvalidScope):
        return True
    return False


def combinations(faults: tuple[str, ...]) -> list[frozenset[str]]:
    """Every row of the truth table."""
    return [
        frozenset(fault for fault, holds in zip(faults, row, strict=True) if holds)
        for row in product((False, True), repeat=len(faults))
    ]


def test_a_code_is_redeemed_in_one_row_of_the_whole_table() -> None:
    rows = combinations(FAULTS_OF_A_CODE)
    assert len(rows) == 4096
    assert [row for row in rows if not is_refused(row, Times(), code=True)] == [frozenset()]


def test_a_refresh_token_is_rotated_in_one_row_of_the_whole_table() -> None:
    rows = combinations(FAULTS_OF_A_TOKEN)
    assert [row for row in rows if not is_refused(row, Times(), code=False)] == [frozenset()]


@given(st.frozensets(st.sampled_from(FAULTS_OF_A_CODE), min_size=1), moments, moments)
def test_no_fault_of_a_code_is_forgiven_at_any_moment(
    faults: frozenset[str], past: timedelta, future: timedelta
) -> None:
    assert is_refused(faults, Times(past, future), code=True)


@given(st.frozensets(st.sampled_from(FAULTS_OF_A_TOKEN), min_size=1), moments, moments)
def test_no_fault_of_a_refresh_token_is_forgiven_at_any_moment(
    faults: frozenset[str], past: timedelta, future: timedelta
) -> None:
    # `past` 0 means "spent just as the grace ends", which the grace still covers.
    past = max(past, timedelta(microseconds=1))
    assert is_refused(faults, Times(past, future), code=False)


@given(st.frozensets(st.sampled_from(FAULTS_OF_A_TOKEN)), moments)
def test_the_grace_forgives_being_spent_and_nothing_else(
    faults: frozenset[str], ago: timedelta
) -> None:
    spent_at = NOW - min(ago, GRACE)
    token = RefreshToken(
        key=b"r",
        grant_id=b"f",
        issued_at=spent_at - SECOND,
        expires_at=NOW if "expired" in faults else NOW + SECOND,
        confirmation=KEY,
    )
    found = FoundRefreshToken(
        token=token,
        grant=grant_of(faults, Times()),
        user=ANN,
        spent_at=spent_at,
        successor_nonce=b"s",
        revoked="revoked" in faults,
    )
    scope = "basic readmeasurements" if "scope too wide" in faults else "basic"
    form = Form({"refresh_token": "qmr_", "scope": scope})
    evidence = None if "absent" in faults else evidence_of(found, successor_spent_at=NOW)
    if faults <= {"spent"}:
        assert isinstance(REFRESH_TOKEN_GRANT.decide(form, APP, evidence, NOW, KEY), Repeat)
        return
    with pytest.raises((InvalidGrant, InvalidScope)) as refused:
        REFRESH_TOKEN_GRANT.decide(form, APP, evidence, NOW, shown_key(faults))
    assert not isinstance(refused.value, ReplayDetected), "what the grace covers is no replay"


@given(st.frozensets(st.sampled_from(FAULTS_OF_A_TOKEN)), moments)
def test_an_unused_successor_forgives_being_spent_at_any_moment_and_nothing_else(
    faults: frozenset[str], ago: timedelta
) -> None:
    found = FoundRefreshToken(
        token=RefreshToken(
            key=b"r",
            grant_id=b"f",
            issued_at=NOW - ago - SECOND,
            expires_at=NOW if "expired" in faults else NOW + SECOND,
            confirmation=KEY,
        ),
        grant=grant_of(faults, Times()),
        user=ANN,
        spent_at=NOW - ago,
        successor_nonce=b"s",
        revoked="revoked" in faults,
    )
    scope = "basic readmeasurements" if "scope too wide" in faults else "basic"
    form = Form({"refresh_token": "qmr_", "scope": scope})
    evidence = None if "absent" in faults else evidence_of(found, successor_spent_at=None)
    if faults <= {"spent"}:
        assert isinstance(REFRESH_TOKEN_GRANT.decide(form, APP, evidence, NOW, KEY), Repeat)
        return
    with pytest.raises((InvalidGrant, InvalidScope)) as refused:
        REFRESH_TOKEN_GRANT.decide(form, APP, evidence, NOW, shown_key(faults))
    assert not isinstance(refused.value, ReplayDetected), "an unused successor is no replay"


def test_a_spent_token_without_a_known_successor_is_refused_and_after_the_grace_a_replay() -> None:
    form = Form({"refresh_token": "qmr_"})
    for late in (False, True):
        found = FoundRefreshToken(
            token=RefreshToken(b"r", b"f", NOW - GRACE - SECOND, NOW + SECOND),
            grant=grant_of(frozenset(), Times()),
            user=ANN,
            spent_at=NOW - GRACE - (SECOND if late else timedelta(0)),
            successor_nonce=b"s",
            revoked=False,
        )
        with pytest.raises(InvalidGrant) as refused:
            REFRESH_TOKEN_GRANT.decide(form, APP, RefreshEvidence(found), NOW, None)
        assert isinstance(refused.value, ReplayDetected) == late
