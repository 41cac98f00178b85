"""Client authentication (RFC 6749 §2.3, RFC 7523): are these a registered client's credentials?"""

from collections.abc import Collection
from dataclasses import dataclass

from quantimodo.clients.certificates import CertificateRefused, ClientCertificates
from quantimodo.clients.metadata_documents import ClientDocumentPolicy
from quantimodo.clients.public_keys import ClientKeys, WeakKey
from quantimodo.clients.replay_quotas import signer_of
from quantimodo.crypto.digests import compare_digest, digest
from quantimodo.crypto.jwt import BadToken, unverified_claims, unverified_type
from quantimodo.http.messages import Request
from quantimodo.model.clients import Client, SecretDigest
from quantimodo.model.secrets import Secret
from quantimodo.ports.client_stores import ClientStore
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import ReplayStore
from quantimodo.protocol.client_assertion import (
    HMAC_ALGORITHMS,
    SIGNATURE_ALGORITHMS,
    Audience,
    BadAssertion,
    check_assertion,
    check_type,
)
from quantimodo.protocol.client_auth import Credentials, parse_credentials
from quantimodo.protocol.errors import InvalidClient
from quantimodo.protocol.mutual_tls import METHODS as TLS_METHODS
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.security_profiles import profile_of

_REFUSED = "client authentication failed"
_NO_SECRET = SecretDigest(bytes(32))


@dataclass(frozen=True, slots=True)
class ClientAuthentication:
    """Reads the client once in each request, so that a change counts from the next request on.
    `audiences`: the names by which an assertion may call this server; `issuer` is the one that
    every profile allows."""

    clients: ClientStore
    clock: Clock
    keys: ClientKeys
    replays: ReplayStore
    audiences: Collection[str]
    documents: ClientDocumentPolicy
    certificates: ClientCertificates
    issuer: str

    async def authenticate(self, request: Request, form: Form) -> Client:
        """The client that presents itself in this request, whose parameters are `form`. Raises
        `InvalidClient`, the same for every cause."""
        credentials = parse_credentials(request.header(b"authorization"), form)
        client_id = credentials.client_id or _subject_of(credentials)
        client = request.client = await self.clients.client(client_id)
        if client is None or client.disabled_at is not None or not self.documents.allows(client_id):
            _matches(_NO_SECRET, credentials, self.clock)  # the same work as for a known one
            raise _refusal(credentials, "unknown or disabled client", "client_unknown")
        registered = client.metadata.token_endpoint_auth_method
        methods = profile_of(client).authentication_methods
        if methods and registered not in methods:
            raise _refusal(
                credentials,
                "not a method of the app's security profile",
                "client_method_not_in_profile",
            )
        if credentials.assertion is not None:
            await self._check_assertion(client, credentials, credentials.assertion)
            return client
        if registered in TLS_METHODS and credentials.method == "none":
            await self._check_certificate(client, credentials, request)
            return client
        # RFC 7591 §2: the method that was registered, and no other.
        if registered and registered != credentials.method:
            raise _refusal(credentials, "not the registered method", "client_secret_wrong_method")
        if not self._has_valid_secret(client, credentials):
            missing = credentials.secret is None
            code = "client_secret_missing" if missing else "client_secret_wrong"
            raise _refusal(credentials, "wrong or missing secret", code)
        return client

    def verifies(self, client: Client, secret: str) -> bool:
        """Whether this is a live secret of the client (v2-api.md §5: authorize may carry one)."""
        presented = digest(secret)
        for slot in (client.secret, client.previous_secret):
            if (
                slot is not None
                and _is_live(slot, self.clock)
                and compare_digest(slot.digest, presented)
            ):
                return True
        return False

    def _has_valid_secret(self, client: Client, credentials: Credentials) -> bool:
        # A public client has no secret: with one, the credentials are those of another client.
        if client.public or credentials.secret is None:
            return client.public and credentials.secret is None
        return self.verifies(client, credentials.secret.reveal())

    async def _check_certificate(
        self, client: Client, credentials: Credentials, request: Request
    ) -> None:
        try:
            await self.certificates.authenticate(client, request)
        except CertificateRefused as fault:
            raise _refusal(credentials, str(fault), "client_certificate_wrong") from None

    async def _check_assertion(
        self, client: Client, credentials: Credentials, assertion: Secret
    ) -> None:
        try:
            claims = await self.keys.verify(client, assertion.reveal(), _algorithms(client))
            check_type(unverified_type(assertion.reveal()))
            statement = check_assertion(claims, client.id, self._audience(client), self.clock.now())
        except WeakKey as fault:
            raise _refusal(credentials, str(fault), "client_key_weak") from None
        except BadToken:
            raise _refusal(
                credentials,
                "bad signature, or not the registered method",
                "client_assertion_invalid",
            ) from None
        except BadAssertion as fault:
            raise _refusal(credentials, str(fault), "client_assertion_invalid") from None
        # security.md §14: used once. The key of the record does not reveal the assertion.
        key = b"assertion " + digest(f"{client.id} {statement.jti}")
        if not await self.replays.use_once(key, statement.expires_at, signer_of(client)):
            raise _refusal(credentials, "the assertion was used before", "client_assertion_used")

    def _audience(self, client: Client) -> Audience:
        if profile_of(client).issuer_audience:
            return Audience((self.issuer,), listed=False)
        return Audience(self.audiences)


def _algorithms(client: Client) -> Collection[str]:
    """The algorithms by which this client may sign its assertions."""
    metadata = client.metadata
    by_method = {
        "client_secret_jwt": HMAC_ALGORITHMS,
        "private_key_jwt": SIGNATURE_ALGORITHMS,
    }
    allowed = by_method.get(metadata.token_endpoint_auth_method, ())
    registered = metadata.token_endpoint_auth_signing_alg
    profile = profile_of(client)
    return [name for name in allowed if registered in ("", name) and profile.allows_algorithm(name)]


def _subject_of(credentials: Credentials) -> str:
    """The client id in an assertion that is not verified yet, to find the key that verifies it."""
    if credentials.assertion is None:
        return ""
    try:
        subject = unverified_claims(credentials.assertion.reveal()).get("sub")
    except BadToken:
        return ""
    return subject if isinstance(subject, str) else ""


def _matches(slot: SecretDigest, credentials: Credentials, clock: Clock) -> bool:
    secret = "" if credentials.secret is None else credentials.secret.reveal()
    return _is_live(slot, clock) and compare_digest(slot.digest, digest(secret))


def _is_live(slot: SecretDigest, clock: Clock) -> bool:
    return slot.expires_at is None or slot.expires_at > clock.now()


def _refusal(credentials: Credentials, because: str, refusal: str) -> InvalidClient:
    # RFC 6749 §5.2: a client that used the Authorization header gets the matching challenge.
    challenged = credentials.method == "client_secret_basic"
    return InvalidClient(_REFUSED, challenged=challenged, because=because, refusal=refusal)
