"""Refusals of a grant: codes, refresh tokens, proofs of possession."""

from collections.abc import Sequence
from typing import Final

from quantimodo.protocol.refusal_row import RefusalRow

_CODE_EXCHANGE: Final = "code-flow.md#4-exchange-the-code-for-tokens"
_PKCE: Final = "code-flow.md#1-make-a-pkce-verifier-and-a-state"
_REFRESH: Final = "refresh.md#refresh-tokens"
_ENDS: Final = "refresh.md#when-it-ends"
_PROOF: Final = "sender-constrained-tokens.md#the-proof"
_AT_TOKEN: Final = "sender-constrained-tokens.md#at-the-token-endpoint"
_AUTHORIZE_AGAIN: Final = (
    "Send the person to the authorize endpoint again; do not repeat the request."
)

ROWS: Final[Sequence[RefusalRow]] = (
    RefusalRow(
        "grant_type_unknown",
        "unsupported_grant_type",
        "A grant type that this server offers.",
        "Use one of `grant_types_supported` in the metadata document.",
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "grant_not_valid",
        "invalid_grant",
        "A code or token that this server issued to this app.",
        _AUTHORIZE_AGAIN,
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "code_not_valid",
        "invalid_grant",
        "A code that this server issued to this app.",
        "Exchange the code by the app that requested it, on the server that issued it.",
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "code_used",
        "invalid_grant",
        "A code that was not used before. The second use ends the grant.",
        "Exchange each code once; check that the callback does not run twice.",
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "code_expired",
        "invalid_grant",
        "A code that is at most a minute old, and whose grant was not revoked.",
        "Exchange the code at once, on the page that receives it.",
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "redirect_uri_differs",
        "invalid_grant",
        "The `redirect_uri` of the authorization request, character by character.",
        "Send the same `redirect_uri` in both requests.",
        _CODE_EXCHANGE,
    ),
    RefusalRow(
        "pkce_verifier_missing",
        "invalid_grant",
        "`code_verifier`, because the code was requested with a challenge.",
        "Keep the verifier in the session of the person, and send it with the code.",
        _PKCE,
    ),
    RefusalRow(
        "pkce_verifier_unexpected",
        "invalid_grant",
        "No `code_verifier`: the code was requested without a challenge.",
        "Send `code_challenge` in the authorization request, too.",
        _PKCE,
    ),
    RefusalRow(
        "pkce_verifier_wrong",
        "invalid_grant",
        "The verifier whose SHA-256 is the challenge: 43 to 128 unreserved characters.",
        "Check that the verifier is of the same request, and that it was stored whole.",
        _PKCE,
    ),
    RefusalRow(
        "refresh_token_not_valid",
        "invalid_grant",
        "A refresh token that this server issued to this app.",
        _AUTHORIZE_AGAIN,
        _REFRESH,
    ),
    RefusalRow(
        "refresh_token_expired",
        "invalid_grant",
        "A refresh token that has not expired, whose grant was not revoked.",
        _AUTHORIZE_AGAIN,
        _ENDS,
    ),
    RefusalRow(
        "refresh_token_used",
        "invalid_grant",
        "The newest refresh token of the grant. An old one ends the grant.",
        "Store each new refresh token before the old one is forgotten, and refresh in one place.",
        "refresh.md#what-to-store",
    ),
    RefusalRow(
        "token_of_another_client",
        "unauthorized_client",
        "A token that was issued to this app.",
        "Revoke the token by the app that it was issued to.",
        "revoke.md#token-revocation",
    ),
    RefusalRow(
        "bound_key_missing",
        "invalid_grant",
        "The key or certificate to which the grant is bound.",
        "Prove the same key as when the grant was made.",
        _AT_TOKEN,
    ),
    RefusalRow(
        "dpop_proof_missing",
        "invalid_dpop_proof",
        "A DPoP proof: the app is registered for bound tokens.",
        "Send the header `DPoP` with a new proof.",
        _AT_TOKEN,
    ),
    RefusalRow(
        "dpop_proof_invalid",
        "invalid_dpop_proof",
        "One DPoP proof with `typ`, `jwk`, `jti`, `htm`, `htu` and `iat` of this request.",
        "The description says which part is wrong; check the clock, and the address in `htu`.",
        _PROOF,
    ),
    RefusalRow(
        "dpop_proof_used",
        "invalid_dpop_proof",
        "A DPoP proof that was not used before.",
        "Make a new proof, with another `jti`, for each request.",
        _PROOF,
    ),
    RefusalRow(
        "dpop_nonce_needed",
        "use_dpop_nonce",
        "A proof with the nonce of the header `DPoP-Nonce`.",
        "Repeat once, with that nonce in the proof.",
        _PROOF,
        ordinary=True,
    ),
)
