"""The key or certificate to which the tokens of a request are bound (RFC 9449 §5, RFC 8705 §3)."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from quantimodo.clients.certificates import CertificateRefused, ClientCertificates
from quantimodo.clients.dpop_proofs import DPoPProofs, Proof
from quantimodo.clients.replay_quotas import signer_of
from quantimodo.http.messages import Request
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.protocol.errors import InvalidDPoPProof, InvalidRequest
from quantimodo.protocol.security_profile_requests import check_sender_constraint


class SenderKey(NamedTuple):
    """What a token request shows possession of; `proof` is not used yet."""

    confirmation: Confirmation | None
    proof: Proof | None = None


_NO_KEY: Final = SenderKey(None)


@dataclass(frozen=True, slots=True)
class SenderConstraints:
    """Reads the key of a request, and checks it against what its client registered."""

    proofs: DPoPProofs
    certificates: ClientCertificates

    def read(self, request: Request, client: Client) -> SenderKey:
        """To what the tokens of this request are bound. Raises `InvalidDPoPProof`, `UseDPoPNonce`
        or `InvalidRequest`."""
        sender_key = self._sender_key(request, client)
        check_sender_constraint(client, sender_key.confirmation)
        return sender_key

    def _sender_key(self, request: Request, client: Client) -> SenderKey:
        proof = self.proofs.read(request)
        if client.metadata.tls_client_certificate_bound_access_tokens:
            if proof is not None:
                raise InvalidRequest(
                    "the app's tokens are bound to its certificate: send no proof",
                    refusal="certificate_missing",
                )
            return SenderKey(self._certificate(request))
        if proof is None:
            # RFC 9449 §5.2: MUST reject requests of such a client without a proof.
            if client.metadata.dpop_bound_access_tokens:
                raise InvalidDPoPProof(
                    "the app is registered to send a DPoP proof, and it is missing",
                    refusal="dpop_proof_missing",
                )
            return _NO_KEY
        return SenderKey(proof.confirmation, proof)

    async def use(self, sender_key: SenderKey, client: Client) -> None:
        """Use the proof, if there is one. Raises `InvalidDPoPProof` for a replay."""
        if sender_key.proof is not None:
            await self.proofs.use(sender_key.proof, signer_of(client))

    def _certificate(self, request: Request) -> Confirmation:
        try:
            confirmation = self.certificates.confirmation(request.certificate)
        except CertificateRefused as fault:
            raise InvalidRequest(str(fault), refusal="certificate_missing") from None
        if confirmation is None:
            raise InvalidRequest(
                "the app is registered for bound tokens: its certificate is missing",
                refusal="certificate_missing",
            )
        return confirmation
