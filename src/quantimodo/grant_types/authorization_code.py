"""Authorization code grant (RFC 6749 §4.1.3): a code is exchanged once for tokens."""

from dataclasses import dataclass
from datetime import datetime

from quantimodo.crypto.tokens import Kind, key_of
from quantimodo.grant_types.contract import Redeem
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.tokens import FoundCode
from quantimodo.ports.grant_stores import TokenReader
from quantimodo.protocol.consents import narrow_details
from quantimodo.protocol.dpop import check_bound_to
from quantimodo.protocol.errors import InvalidGrant, ReplayDetected
from quantimodo.protocol.grant_types import ENTRY_OF
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.pkce import check_verifier
from quantimodo.protocol.resources import Targets


@dataclass(frozen=True, slots=True)
class AuthorizationCodeGrant:
    """Implements `GrantType`."""

    targets: Targets
    entry = ENTRY_OF["authorization_code"]

    async def load(self, form: Form, tokens: TokenReader) -> FoundCode | None:
        key = key_of(Kind.CODE, form.required("code"))
        return None if key is None else await tokens.authorization_code(key)

    def decide(
        self,
        form: Form,
        client: Client,
        evidence: FoundCode | None,
        now: datetime,
        sender_key: Confirmation | None,
    ) -> Redeem:
        # RFC 6749 §4.1.3: bound to the client it was issued to. An unknown code and another
        # client's code get one response, so that no client can probe for codes or end grants.
        if evidence is None or evidence.grant.client_id != client.id:
            raise InvalidGrant("the code is not valid for this client", refusal="code_not_valid")
        # RFC 9449 §10: before the replay, so that only the holder of the key can end the grant.
        check_bound_to(evidence.code.confirmation, sender_key)
        # RFC 6749 §4.1.2: a second use shows two holders, and ends the tokens of the first use.
        if evidence.redeemed_at is not None:
            raise ReplayDetected(
                evidence.grant.id,
                evidence.grant.user_id,
                "the code was used before",
                refusal="code_used",
            )
        # A person can end a grant earlier than its code.
        ended = min(evidence.code.expires_at, evidence.grant.expires_at) <= now
        if evidence.revoked or ended:
            raise InvalidGrant("the code has expired or was revoked", refusal="code_expired")
        _check_redirect_uri(evidence, form.get("redirect_uri"), client)
        check_verifier(evidence.code.challenge, form.get("code_verifier"))
        grant = evidence.grant
        # RFC 8707 §2.2, RFC 9396 §6: this request may narrow the access token.
        scope, details = narrow_details(
            self.targets.narrow(grant.scope, form.all("resource")),
            grant.details,
            form.get("authorization_details"),
        )
        return Redeem(client, evidence, scope, details)


def _check_redirect_uri(evidence: FoundCode, redirect_uri: str | None, client: Client) -> None:
    # RFC 6749 §4.1.3: identical to the one of the authorization request, if that had one.
    requested = evidence.code.redirect_uri
    if requested is not None and redirect_uri is None:
        raise InvalidGrant(
            "redirect_uri is missing: send the one of the authorization request",
            refusal="redirect_uri_differs",
        )
    # Stricter than RFC 6749: if it was left out, only a registered one is accepted here.
    allowed = client.redirect_uris if requested is None else (requested,)
    if redirect_uri is not None and redirect_uri not in allowed:
        raise InvalidGrant(
            "redirect_uri is not the one of the authorization request",
            refusal="redirect_uri_differs",
        )
