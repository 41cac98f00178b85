"""DPoP proofs of a request: read, checked, and used once (RFC 9449 §4.3)."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from quantimodo.clients.dpop_nonces import DPoPNonces
from quantimodo.crypto.digests import digest
from quantimodo.crypto.dpop import token_hash, verify_proof
from quantimodo.crypto.jwt import BadToken
from quantimodo.http.messages import RepeatedHeader, Request
from quantimodo.model.budgets import Signer
from quantimodo.model.confirmations import Confirmation
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import ReplayStore
from quantimodo.protocol.dpop import DPoPPolicy, ProofStatement, Target, check_proof
from quantimodo.protocol.errors import InvalidDPoPProof, UseDPoPNonce

_HEADER: Final = b"dpop"
_NONCE_HEADER: Final = b"dpop-nonce"


class Proof(NamedTuple):
    """A valid proof that was not yet used: the key, and what is stored when it is used."""

    confirmation: Confirmation
    statement: ProofStatement


@dataclass(frozen=True, slots=True)
class DPoPProofs:
    policy: DPoPPolicy
    nonces: DPoPNonces
    replays: ReplayStore
    clock: Clock

    def read(self, request: Request, access_token: str | None = None) -> Proof | None:
        """The proof of a request, for this access token if it presents one; None without a proof.

        Raises `InvalidDPoPProof` or `UseDPoPNonce`. The response to a request with a proof has a
        new nonce. The caller uses the proof by `use`.
        """
        try:
            text = request.header(_HEADER)
        except RepeatedHeader:
            # RFC 9449 §4.3: not more than one header.
            raise InvalidDPoPProof("there is more than one DPoP proof") from None
        if text is None:
            return None
        now, mode = self.clock.now(), self.policy.nonce
        if mode != "off":
            nonce = _NONCE_HEADER, self.nonces.mint(now).encode("ascii")
            request.response_headers = (*request.response_headers, nonce)
        try:
            signed = verify_proof(text)
        except BadToken as fault:
            raise InvalidDPoPProof(str(fault)) from None
        hashed = None if access_token is None else token_hash(access_token)
        method = "HEAD" if request.head else request.method
        target = Target(method, request.path, hashed)
        statement = check_proof(signed.claims, target, self.policy, now)
        if mode != "off":
            presented = statement.nonce
            if not (
                mode == "optional" if presented is None else self.nonces.verify(presented, now)
            ):
                raise UseDPoPNonce
        return Proof(Confirmation("jkt", signed.thumbprint), statement)

    async def use(self, proof: Proof, signer: Signer) -> None:
        """Use the proof, once among all processes. Raises `InvalidDPoPProof` for a replay, and
        `QuotaExceeded` when the quota of `signer` is used up."""
        key = b"dpop " + digest(f"{proof.confirmation.thumbprint} {proof.statement.jti}")
        if not await self.replays.use_once(key, proof.statement.expires_at, signer):
            raise InvalidDPoPProof("the DPoP proof was used before", refusal="dpop_proof_used")
