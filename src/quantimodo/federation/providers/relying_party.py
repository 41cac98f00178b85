"""Any OpenID provider by its settings (`kind = "oidc"`): what they change in `Oidc`."""

from collections.abc import Mapping
from datetime import datetime

from quantimodo.crypto.jwt import BadToken
from quantimodo.federation.client_assertions import AssertionKeys, assertion_fields
from quantimodo.federation.contract import ProviderPolicy
from quantimodo.federation.discovery import Metadata
from quantimodo.federation.provider_logout import logout_messages
from quantimodo.federation.provider_quirks import ProviderQuirks
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.responses import invalid_response
from quantimodo.ports.clock import Clock
from quantimodo.ports.federation_stores import ReplayStore

_BY_ASSERTION = frozenset({"client_secret_jwt", "private_key_jwt"})


def open_oidc(
    policy: ProviderPolicy,
    http_client: GuardedHttpClient,
    clock: Clock,
    replays: ReplayStore,
    keys: AssertionKeys | None = None,
) -> Oidc:
    """One provider. Without `keys` it can be examined, and no person can sign in there by
    `private_key_jwt` or `client_secret_jwt`."""
    mode = policy.response_mode

    def assertion(metadata: Metadata, now: datetime) -> Mapping[str, str]:
        if keys is None:
            raise ValueError(f"providers.{policy.name}: there are no keys for assertions")
        return assertion_fields(policy, keys, metadata, now)

    def decrypted(token: Secret) -> Secret:
        if keys is None:
            raise ValueError(f"providers.{policy.name}: there are no keys for encrypted tokens")
        return Secret(keys.decrypter(policy.name).decrypt(token.reveal()))

    def id_token(token: Secret) -> Secret:
        try:
            return decrypted(token)
        except BadToken as fault:
            raise invalid_response("ID token: not encrypted for this server") from fault

    encrypted = policy.encrypted_id_tokens
    messages = logout_messages(policy.client_id, decrypted if encrypted else None)
    quirks = ProviderQuirks(
        decrypt=id_token if encrypted else None,
        parameters={"response_mode": mode} if mode else {},
        responds_by_form_post=mode == "form_post",
        messages=messages if policy.backchannel_logout else None,
        assertion=assertion if policy.client_authentication in _BY_ASSERTION else None,
    )
    return Oidc(policy, http_client, clock, replays, quirks)
