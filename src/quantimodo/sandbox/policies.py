"""How to point the server's providers at the sandbox: the fields of each provider's settings.

Plain names and values, because `sandbox` does not import `federation`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from quantimodo.sandbox import fake_providers
from quantimodo.sandbox.facebook import VERSION

STANDS_IN_FOR: Final = ("google", "facebook", "sandbox")


def sandbox_policies(
    issuer: str, names: Sequence[str] = STANDS_IN_FOR
) -> tuple[Mapping[str, Any], ...]:
    """The fields of a provider policy for each of `names`, of which `STANDS_IN_FOR` has all.

    `issuer` is the server's public address, without a slash at the end. Raises `KeyError`.
    """
    policies = {"google": _google, "facebook": _facebook, "sandbox": _oidc}
    return tuple(policies[name](issuer) for name in names)


def _google(server: str) -> Mapping[str, Any]:
    fake_provider = fake_providers.google(server)
    return {
        "name": "google",
        "kind": "google",
        "title": "Google (sandbox)",
        "client_id": fake_provider.app.id,
        "client_secret": fake_provider.app.secret,
        "audiences": fake_provider.app.others,
        "issuer": fake_provider.issuer,
        "authorization_endpoint": f"{fake_provider.address}/auth",
        "token_endpoint": f"{fake_provider.address}/token",
        "userinfo_endpoint": f"{fake_provider.address}/userinfo",
        "jwks_uri": f"{fake_provider.address}/certs",
        "tokeninfo_endpoint": f"{fake_provider.address}/tokeninfo",
    }


def _facebook(server: str) -> Mapping[str, Any]:
    fake_provider = fake_providers.facebook(server)
    graph = f"{fake_provider.address}/{VERSION}"
    return {
        "name": "facebook",
        "kind": "facebook",
        "title": "Facebook (sandbox)",
        "client_id": fake_provider.app.id,
        "client_secret": fake_provider.app.secret,
        "issuer": fake_provider.issuer,
        "authorization_endpoint": f"{graph}/dialog/oauth",
        "token_endpoint": f"{graph}/oauth/access_token",
        "graph_endpoint": graph,
        "jwks_uri": f"{fake_provider.address}/.well-known/oauth/openid/jwks/",
    }


def _oidc(server: str) -> Mapping[str, Any]:
    """Configured by discovery alone, like any OpenID provider."""
    fake_provider = fake_providers.oidc(server)
    return {
        "name": "sandbox",
        "kind": "oidc",
        "title": "the sandbox",
        "client_id": fake_provider.app.id,
        "client_secret": fake_provider.app.secret,
        "issuer": fake_provider.issuer,
    }
