"""The errors of the protocol. Those of one grant type alone are in the module of its rules.

    OAuthError               RFC 6749 §5.2 and §4.1.2.1; one class per registered code
      InvalidRequest  InvalidClient  UnauthorizedClient  UnsupportedGrantType
      UnsupportedResponseType  InvalidScope  AccessDenied
      InvalidGrant
        ReplayDetected       a code or refresh token was used twice: its grant is revoked
      LoginRequired  ConsentRequired  UnmetAuthenticationRequirements
      InvalidRequestObject  InvalidRequestUri  RegistrationNotSupported
                             OpenID Connect Core §3.1.2.6
      InvalidAuthorizationDetails                                   RFC 9396 §5
      InvalidTarget                                                 RFC 8707 §2
      InvalidGrantId                                                Grant Management §5.4
      InvalidDPoPProof  UseDPoPNonce                                RFC 9449 §5, §8
      InvalidClientMetadata  InvalidRedirectUri  InvalidSoftwareStatement
      UnapprovedSoftwareStatement  RegistrationClosed               RFC 7591 §3.2.2
    BearerError              RFC 6750 §3.1, for resources
      MissingToken  InvalidToken  InsufficientScope  BearerRequestInvalid
      WrongTokenScheme  ProofInvalid  ProofNonceNeeded              RFC 9449 §7.1, §7.2, §9

`description` goes to the client: fixed text, never the input. `because` goes to the log only.
The endpoint decides whether an error is a page, a redirect or JSON; the class does not.
"""

from typing import ClassVar


class OAuthError(Exception):
    """An error with a registered code. `status` is for responses that are not redirects. `refusal`
    is the code of its row in `protocol/refusals.py`; `default_refusal` that of its class, empty for
    errors that have no row."""

    code: ClassVar[str]
    status: ClassVar[int] = 400
    default_refusal: ClassVar[str] = ""

    def __init__(self, description: str, *, because: str = "", refusal: str = "") -> None:
        super().__init__(description)
        self.description = description
        self.because = because
        self.refusal = refusal or self.default_refusal


class InvalidRequest(OAuthError):
    code = "invalid_request"
    default_refusal = "parameter_malformed"


class InvalidClient(OAuthError):
    """Client authentication failed; `challenged` when it was tried by the Authorization header."""

    code = "invalid_client"
    status = 401
    default_refusal = "client_authentication_failed"

    def __init__(
        self, description: str, *, challenged: bool = False, because: str = "", refusal: str = ""
    ) -> None:
        super().__init__(description, because=because, refusal=refusal)
        self.challenged = challenged


class InvalidGrant(OAuthError):
    code = "invalid_grant"
    default_refusal = "grant_not_valid"


class ReplayDetected(InvalidGrant):
    """A credential was used twice, so it has two holders (RFC 6749 §4.1.2, RFC 9700 §4.14.2)."""

    def __init__(
        self, grant_id: bytes, user_id: int, description: str, *, refusal: str = ""
    ) -> None:
        super().__init__(description, because="replay of a spent credential", refusal=refusal)
        self.grant_id = grant_id
        self.user_id = user_id


class UnauthorizedClient(OAuthError):
    code = "unauthorized_client"
    default_refusal = "client_not_allowed"


class UnsupportedGrantType(OAuthError):
    code = "unsupported_grant_type"
    default_refusal = "grant_type_unknown"


class UnsupportedResponseType(OAuthError):
    code = "unsupported_response_type"
    default_refusal = "response_type_unknown"


class InvalidScope(OAuthError):
    code = "invalid_scope"
    default_refusal = "scope_not_registered"


class AccessDenied(OAuthError):
    code = "access_denied"
    status = 403
    default_refusal = "person_refused"


class LoginRequired(OAuthError):
    code = "login_required"
    default_refusal = "login_required"


class ConsentRequired(OAuthError):
    code = "consent_required"
    default_refusal = "consent_required"


class InvalidAuthorizationDetails(OAuthError):
    """RFC 9396 §5."""

    code = "invalid_authorization_details"
    default_refusal = "authorization_details_invalid"


class InvalidGrantId(OAuthError):
    """Grant Management §5.4."""

    code = "invalid_grant_id"
    default_refusal = "grant_id_unknown"


class InvalidTarget(OAuthError):
    """RFC 8707 §2."""

    code = "invalid_target"
    default_refusal = "resource_not_allowed"


class InvalidRequestObject(OAuthError):
    code = "invalid_request_object"
    default_refusal = "request_object_invalid"


class InvalidRequestUri(OAuthError):
    code = "invalid_request_uri"
    default_refusal = "request_uri_not_usable"


class InvalidDPoPProof(OAuthError):
    """RFC 9449 §5. The description says which check failed."""

    code = "invalid_dpop_proof"
    default_refusal = "dpop_proof_invalid"


class UseDPoPNonce(OAuthError):
    """RFC 9449 §8: the response has the nonce in its header `DPoP-Nonce`."""

    code = "use_dpop_nonce"
    default_refusal = "dpop_nonce_needed"

    def __init__(self) -> None:
        super().__init__("the DPoP proof needs the nonce in the header DPoP-Nonce")


class UnmetAuthenticationRequirements(OAuthError):
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0."""

    code = "unmet_authentication_requirements"
    default_refusal = "acr_not_available"


class RegistrationNotSupported(OAuthError):
    code = "registration_not_supported"
    default_refusal = "registration_parameter_not_supported"


class InvalidClientMetadata(OAuthError):
    """RFC 7591 §3.2.2, as all that follow until the next base class."""

    code = "invalid_client_metadata"


class InvalidRedirectUri(OAuthError):
    code = "invalid_redirect_uri"


class InvalidSoftwareStatement(OAuthError):
    code = "invalid_software_statement"


class UnapprovedSoftwareStatement(OAuthError):
    code = "unapproved_software_statement"


class RegistrationClosed(OAuthError):
    """Only the operator registers applications."""

    code = "access_denied"
    status = 403


class BearerError(Exception):
    """An error of a resource (RFC 6750 §3, RFC 9449 §7.1). Without a code it is only the challenge.

    `dpop`: the token was sent by the scheme DPoP, or is to be sent by it. `resource_metadata`
    is the address of the metadata of the resource (RFC 9728 §5.1), and `scope` the scope that the
    request needs; each is empty where it is not known.
    """

    code: ClassVar[str | None] = None
    status: ClassVar[int] = 401
    resource_metadata: str = ""
    scope: str = ""

    def __init__(self, description: str = "", *, because: str = "", dpop: bool = False) -> None:
        super().__init__(description)
        self.description = description
        self.because = because
        self.dpop = dpop


class MissingToken(BearerError):
    """RFC 6750 §3.1: a request without authentication gets no error code."""


class InvalidToken(BearerError):
    code = "invalid_token"


class BearerRequestInvalid(BearerError):
    code = "invalid_request"
    status = 400


class InsufficientScope(BearerError):
    """`scope` is the required scope."""

    code = "insufficient_scope"
    status = 403

    def __init__(self, scope: str, *, dpop: bool = False) -> None:
        super().__init__("the token does not open this resource", dpop=dpop)
        self.scope = scope


class InsufficientAuthentication(BearerError):
    """RFC 9470 §3. `acr_values` and `max_age` (seconds) say which sign-in is required; empty and 0
    for any."""

    code = "insufficient_user_authentication"

    def __init__(self, acr_values: str, max_age: int, *, dpop: bool = False) -> None:
        super().__init__("the person has to sign in again, as the challenge says", dpop=dpop)
        self.acr_values = acr_values
        self.max_age = max_age


class WrongTokenScheme(InvalidToken):
    """RFC 9449 §7.2: a token that is bound to a DPoP key is refused as a bearer token."""


class ProofInvalid(BearerError):
    """RFC 9449 §7.1"""

    code = "invalid_dpop_proof"


class ProofNonceNeeded(BearerError):
    """RFC 9449 §9"""

    code = "use_dpop_nonce"
