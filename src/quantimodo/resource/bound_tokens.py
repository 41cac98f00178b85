"""Access tokens that are bound to a key: the request shows possession of it (RFC 9449 §7)."""

from dataclasses import dataclass

from quantimodo.clients.certificates import CertificateRefused, ClientCertificates
from quantimodo.clients.dpop_proofs import DPoPProofs
from quantimodo.clients.replay_quotas import signer_of, signer_of_person
from quantimodo.http.messages import Request
from quantimodo.model.budgets import Signer
from quantimodo.model.confirmations import Confirmation
from quantimodo.model.personal_tokens import name_of_token
from quantimodo.model.tokens import FoundAccessToken
from quantimodo.ports.client_stores import ClientStore
from quantimodo.protocol.bearer import PresentedToken
from quantimodo.protocol.errors import (
    InvalidDPoPProof,
    InvalidToken,
    ProofInvalid,
    ProofNonceNeeded,
    UseDPoPNonce,
    WrongTokenScheme,
)


@dataclass(frozen=True, slots=True)
class BoundTokens:
    proofs: DPoPProofs
    certificates: ClientCertificates
    clients: ClientStore

    async def check(
        self, request: Request, presented: PresentedToken, token: FoundAccessToken
    ) -> None:
        """Check that the request shows possession of the key to which its token is bound. Raises
        `BearerError`. A bound token costs one read and one write more than a bearer token."""
        bound_to = token.confirmation
        if bound_to is not None and bound_to.member == "x5t#S256" and not presented.dpop:
            self._check_certificate(request, bound_to)
            return
        if not presented.dpop:
            # RFC 9449 §7.2: MUST be refused as a bearer token.
            raise WrongTokenScheme("the access token is bound to a key: send it with a DPoP proof")
        if bound_to is None or bound_to.member != "jkt":
            raise InvalidToken("the access token is not bound to a DPoP key", dpop=True)
        try:
            await self._check_proof(request, presented.raw, token, bound_to)
        except InvalidDPoPProof as fault:
            raise ProofInvalid(fault.description, dpop=True) from None
        except UseDPoPNonce as fault:
            raise ProofNonceNeeded(fault.description, dpop=True) from None

    def _check_certificate(self, request: Request, bound_to: Confirmation) -> None:
        """RFC 8705 §3: MUST be refused without this certificate."""
        try:
            presented = self.certificates.confirmation(request.certificate)
        except CertificateRefused as fault:
            raise InvalidToken(str(fault)) from None
        if presented != bound_to:
            raise InvalidToken("the access token is bound to another client certificate")

    async def _check_proof(
        self, request: Request, raw: str, token: FoundAccessToken, bound_to: Confirmation
    ) -> None:
        proof = self.proofs.read(request, raw)
        if proof is None:
            raise InvalidDPoPProof("the DPoP proof is missing")
        if proof.confirmation != bound_to:
            # RFC 9449 §4.3: the key is the one to which the token is bound.
            raise InvalidToken("the access token is bound to another key", dpop=True)
        await self.proofs.use(proof, await self._signer(token))

    async def _signer(self, token: FoundAccessToken) -> Signer:
        client = await self.clients.client(token.client_id)
        if client is not None:
            return signer_of(client)
        if token.user is None or name_of_token(token.client_id) is None:
            raise InvalidToken("the access token was revoked", dpop=True)
        return signer_of_person(token.user.id)
