"""Device code grant (RFC 8628 §3.4): a device polls until its person has decided."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from quantimodo.crypto.tokens import Kind, SuccessorDerivation, Successors, key_of
from quantimodo.grant_types.contract import MintedTokens, Parent, Redeem, Repeat, Wait
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.devices import DeviceAuthorization
from quantimodo.model.tokens import FoundCode, FoundRefreshToken
from quantimodo.ports.device_store import DeviceAuthorizationStore
from quantimodo.ports.grant_stores import TokenReader
from quantimodo.protocol.consents import narrow_details
from quantimodo.protocol.device_grant import (
    AuthorizationPending,
    DeviceRefused,
    ExpiredToken,
    SlowDown,
)
from quantimodo.protocol.dpop import check_bound_to
from quantimodo.protocol.errors import InvalidGrant, ReplayDetected
from quantimodo.protocol.grant_types import DEVICE_CODE, ENTRY_OF
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import Targets

_STEP: Final = timedelta(seconds=5)
"""RFC 8628 §3.5: `slow_down` increases the interval by 5 seconds."""
_LONGEST: Final = timedelta(seconds=60)
# Polls at the right interval arrive a little early or late.
_TOLERANCE: Final = timedelta(seconds=1)
_REPEATED: Final = timedelta(minutes=3)
"""How long a client without refresh tokens gets its response again: a client notices a timeout
after a minute, say, and then doubles its interval (RFC 8628 §3.5), which is a minute at most."""


class FirstTokens(NamedTuple):
    """The tokens that the device code gave before. `refresh` is the row of the refresh token as it
    is now, None for a client that gets none; `confirmation` the key to which the first poll bound
    what the client keeps."""

    tokens: Successors
    refresh: FoundRefreshToken | None
    confirmation: Confirmation | None


class DeviceEvidence(NamedTuple):
    """The presented device code. `code` is the row that is redeemed, once the person approved;
    `first` is None before it is redeemed, and where what it gave is not stored any more."""

    device: DeviceAuthorization
    code: FoundCode | None = None
    first: FirstTokens | None = None


@dataclass(frozen=True, slots=True)
class DeviceCodeGrant:
    """The approval has stored a code under the key of the device code, so the tokens are issued as
    those of an authorization code: once, also among several processes.

    A poll is repeated when its response was lost. So the tokens are derived from the device code,
    and a repeated poll gets them again, as a repeated refresh does (docs/decisions/0024). `grace`:
    how long, although the refresh token was used.

    Implements `GrantType`.
    """

    targets: Targets
    devices: DeviceAuthorizationStore
    derivation: SuccessorDerivation
    grace: timedelta
    entry = ENTRY_OF[DEVICE_CODE]

    async def load(self, form: Form, tokens: TokenReader) -> DeviceEvidence | None:
        raw = form.required("device_code")
        key = key_of(Kind.DEVICE, raw)
        device = None if key is None else await self.devices.device_authorization(key)
        if device is None:
            return None
        code = await tokens.authorization_code(device.key) if device.approved else None
        if code is None or code.redeemed_at is None:
            return DeviceEvidence(device, code)
        for candidate in self.derivation.candidates(*_parent(raw, device), code.redeemed_at):
            first = await _first(candidate, tokens)
            if first is not None:
                return DeviceEvidence(device, code, first)
        return DeviceEvidence(device, code)

    def decide(
        self,
        form: Form,
        client: Client,
        evidence: DeviceEvidence | None,
        now: datetime,
        sender_key: Confirmation | None,
    ) -> Redeem | Repeat | Wait:
        # RFC 8628 §3.4: bound to the client it was issued to. An unknown code and another client's
        # code get one response, so that no client can probe for codes or slow others down.
        if evidence is None or evidence.device.client_id != client.id:
            raise InvalidGrant(
                "the device code is not valid for this client", refusal="device_code_not_valid"
            )
        device, code, first = evidence
        # Before the replay, so that only the holder of the key can end the grant.
        check_bound_to(device.confirmation, sender_key)
        minted = None
        if code is not None and code.redeemed_at is not None:
            minted = self._repeatable(code, code.redeemed_at, first, now, sender_key)
        if device.refused:
            raise DeviceRefused("the person did not allow it", refusal="person_refused")
        if device.expires_at <= now:
            raise ExpiredToken(
                "the device code has expired: request a new one", refusal="device_code_expired"
            )
        if not device.approved:
            return self._pending(device, now)
        if code is None or code.revoked or code.grant.expires_at <= now:
            raise InvalidGrant("the device code was revoked", refusal="device_code_not_valid")
        # RFC 8707 §2.2, RFC 9396 §6: this request may narrow the access token.
        scope, details = narrow_details(
            self.targets.narrow(code.grant.scope, form.all("resource")),
            code.grant.details,
            form.get("authorization_details"),
        )
        if minted is not None:
            return Repeat(client, code, scope, minted, details)
        return Redeem(client, code, scope, details, _parent(form.required("device_code"), device))

    def _pending(self, device: DeviceAuthorization, now: datetime) -> Wait:
        """A poll in time is stored; one that is too early increases the interval up to a minute.
        After that it stores nothing, so that fast polls cost one read."""
        due = None if device.polled_at is None else device.polled_at + device.interval - _TOLERANCE
        if due is None or due <= now:
            pending = AuthorizationPending("the person has not decided yet")
            return Wait(pending, partial(self._record_poll, device, replace(device, polled_at=now)))
        error = SlowDown("wait 5 seconds longer between polls")
        slower = min(device.interval + _STEP, _LONGEST)
        if slower == device.interval:
            return Wait(error)
        return Wait(error, partial(self._record_poll, device, replace(device, interval=slower)))

    async def _record_poll(self, before: DeviceAuthorization, after: DeviceAuthorization) -> None:
        if not await self.devices.record_poll(before, after):
            # Another poll came at the same time, or the person has decided meanwhile.
            raise SlowDown("poll again after the interval")

    def _repeatable(
        self,
        code: FoundCode,
        redeemed_at: datetime,
        first: FirstTokens | None,
        now: datetime,
        sender_key: Confirmation | None,
    ) -> MintedTokens:
        """The tokens that a used device code may return again: while the refresh token is unused,
        and within the grace period; without a refresh token for `_REPEATED`. Else raises."""
        # security.md §6: explicit revocation overrides the repeat.
        if code.revoked:
            raise InvalidGrant("the device code was revoked", refusal="device_code_not_valid")
        if first is None or not self._repeats(first.refresh, now - redeemed_at):
            # Two parties hold the device code. What is not stored any more may have been used.
            raise ReplayDetected(
                code.grant.id,
                code.grant.user_id,
                "the device code was used before",
                refusal="device_code_used",
            )
        # RFC 9449 §5: what the first poll bound to a key is for the holder of that key.
        check_bound_to(first.confirmation, sender_key)
        row = None if first.refresh is None else first.refresh.token
        return MintedTokens(first.tokens, redeemed_at, row)

    def _repeats(self, refresh: FoundRefreshToken | None, age: timedelta) -> bool:
        if refresh is None:
            return age <= _REPEATED
        return refresh.spent_at is None or age <= self.grace


async def _first(tokens: Successors, store: TokenReader) -> FirstTokens | None:
    refresh = await store.refresh_token(tokens.refresh.key)
    if refresh is not None:
        return FirstTokens(tokens, refresh, refresh.token.confirmation)
    access = await store.access_token(tokens.access.key)
    return None if access is None else FirstTokens(tokens, None, access.confirmation)


def _parent(raw: str, device: DeviceAuthorization) -> Parent:
    """The stored digest of the user code is the nonce: the user code has separate entropy."""
    return Parent(raw, device.user_code)
