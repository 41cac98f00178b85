"""Each preset against the responses that its provider's documentation shows, with invented people.

Nothing here was sent by the real services. docs/operator/providers-presets.md names the pages.
"""

from dataclasses import dataclass, field
from typing import Any, get_args

import pytest

from quantimodo.app.composition.provider_policies import provider_policies
from quantimodo.app.settings.reading import BadSettings, load_settings
from quantimodo.federation.contract import AuthorizationContext, ProviderPolicy
from quantimodo.federation.presets import PRESETS, Preset
from quantimodo.federation.provider_table import open_providers
from quantimodo.federation.providers.oidc import Oidc
from quantimodo.model.secrets import Secret
from quantimodo.ports.stores import Stores
from support.addresses import query_of
from support.environment import FrozenClock
from support.recordings import Recordings

CONTEXT = AuthorizationContext(
    state=Secret("fake-state"),
    nonce="fake-nonce",
    verifier=Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    redirect_uri="https://id.example.org/callback",
)
GRANTED = {"access_token": "fake-token", "token_type": "Bearer", "expires_in": 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The documented responses, and what they say: subject, name, address, whether it is proven
    when the operator lets the address count."""

    token: dict[str, Any] = field(default_factory=lambda: GRANTED)
    account: dict[str, Any]
    says: tuple[str, str, str | None, bool]
    basic: bool = False


RECORDED = {
    "linkedin": Recorded(
        account={
            "sub": "782bbtaQ",
            "name": "Ann Example",
            "given_name": "Ann",
            "family_name": "Example",
            "picture": "https://media.example.org/ann",
            "locale": "en-US",
            "email": "ann@example.org",
            "email_verified": True,
        },
        says=("782bbtaQ", "Ann Example", "ann@example.org", True),
    ),
    "discord": Recorded(
        account={
            "id": "80351110224678912",
            "username": "ann",
            "discriminator": "0",
            "global_name": None,
            "avatar": "8342729096ea3675442027381ff50dfe",
            "verified": False,
            "email": "ann@example.org",
            "flags": 64,
        },
        says=("80351110224678912", "ann", "ann@example.org", False),
    ),
    "twitch": Recorded(
        token={**GRANTED, "token_type": "bearer", "scope": ["user:read:email"]},
        account={
            "data": [
                {
                    "id": "141981764",
                    "login": "ann",
                    "display_name": "Ann",
                    "email": "ann@example.org",
                    "created_at": "2016-12-14T20:32:28Z",
                }
            ]
        },
        says=("141981764", "Ann", "ann@example.org", True),
    ),
    "spotify": Recorded(
        account={"id": "ann-1", "display_name": "Ann", "email": "ann@example.org", "type": "user"},
        says=("ann-1", "Ann", "ann@example.org", True),
        basic=True,
    ),
    "strava": Recorded(
        token={**GRANTED, "expires_at": 1568775134, "athlete": {"id": 134815}},
        account={"id": 134815, "username": None, "firstname": "Ann", "lastname": "Example"},
        says=("134815", "Ann Example", None, False),
    ),
    "garmin": Recorded(
        token={**GRANTED, "token_type": "bearer", "scope": "HEALTH_READ", "jti": "1"},
        account={"userId": "d3315b1072421d0dd7c8f6b8e1de4df8"},
        says=("d3315b1072421d0dd7c8f6b8e1de4df8", "", None, False),
    ),
    "withings": Recorded(
        token={"status": 0, "body": {**GRANTED, "userid": "363", "scope": "user.info"}},
        account={},
        says=("363", "", None, False),
    ),
    "oura": Recorded(
        token={**GRANTED, "token_type": "bearer"},
        account={"id": "8f9a5221-639e-4a85", "age": 42, "email": "ann@example.org"},
        says=("8f9a5221-639e-4a85", "", "ann@example.org", True),
    ),
}


def policy_of(name: str, **more: str) -> ProviderPolicy:
    given = {"CLIENT_ID": "fake-client", "CLIENT_SECRET": "fake-secret", **more}
    variables = {f"QUANTIMODO_PROVIDERS__{name.upper()}__{key}": given[key] for key in given}
    (policy,) = provider_policies(load_settings(variables))
    return policy


def counting(preset: ProviderPolicy) -> dict[str, str]:
    if not preset.email_field:
        return {}
    counts = "verified_field" if preset.email_verified_field else "authoritative"
    return {"EMAIL_COUNTS": counts}


@pytest.mark.parametrize("name", RECORDED)
async def test_a_client_id_and_a_secret_suffice(
    name: str, clock: FrozenClock, stores: Stores
) -> None:
    recorded, preset = RECORDED[name], PRESETS[name]
    upstream = Recordings()
    upstream.record("POST", preset.token_endpoint, recorded.token)
    if preset.userinfo_endpoint:
        upstream.record("GET", preset.userinfo_endpoint, recorded.account)
    subject, shown, email, proven = recorded.says
    for more, counts in (({}, False), (counting(preset), proven)):
        policy = policy_of(name, **more)
        (one,) = open_providers([policy], upstream.http_client(), clock, stores.replays).values()
        profile = await one.handle_callback({"code": "fake-code"}, CONTEXT)
        assert (profile.issuer, profile.subject) == (preset.issuer, subject)
        assert (profile.name, profile.email) == (shown, email)
        assert profile.email_verified is profile.email_authoritative is counts
    query = query_of(await one.authorization_url(CONTEXT))
    assert query.get("scope", "") == preset.scope
    assert ("code_challenge" in query) is preset.pkce
    token = next(each for each in upstream.requested if each.url == preset.token_endpoint)
    assert ("authorization" in token.headers) is recorded.basic
    assert ("code_verifier" in token.form) is preset.pkce
    if name == "twitch":
        assert upstream.requested[-1].headers["client-id"] == "fake-client"
    if name == "withings":
        assert token.form["action"] == "requesttoken"


def test_every_preset_has_a_recorded_response_or_is_an_openid_provider() -> None:
    assert set(get_args(Preset)) == set(PRESETS)
    openid = {name for name, row in PRESETS.items() if row.kind == "oidc"}
    assert set(RECORDED) == set(PRESETS) - openid
    assert openid == {"gitlab", "slack"}


async def test_presets_of_openid_providers_discover_the_rest(
    clock: FrozenClock, stores: Stores
) -> None:
    for name, issuer in (("gitlab", "https://gitlab.com"), ("slack", "https://slack.com")):
        upstream = Recordings()
        document = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }
        upstream.record("GET", f"{issuer}/.well-known/openid-configuration", document)
        opened = open_providers([policy_of(name)], upstream.http_client(), clock, stores.replays)
        assert isinstance(opened[name], Oidc)
        query = query_of(await opened[name].authorization_url(CONTEXT))
        assert (query["scope"], query["nonce"]) == ("openid profile email", "fake-nonce")


def test_a_setting_of_the_operator_replaces_the_presets() -> None:
    policy = policy_of("gitlab", ISSUER="https://git.example.org", TITLE="Our GitLab")
    assert (policy.issuer, policy.title, policy.kind) == (
        "https://git.example.org",
        "Our GitLab",
        "oidc",
    )
    work = {
        "QUANTIMODO_PROVIDERS__WORK__KIND": "discord",
        "QUANTIMODO_PROVIDERS__WORK__CLIENT_ID": "id",
        "QUANTIMODO_PROVIDERS__WORK__SCOPE": "identify",
    }
    (named,) = provider_policies(load_settings(work))
    assert (named.name, named.kind, named.scope) == ("work", "oauth2", "identify")
    assert named.token_endpoint == PRESETS["discord"].token_endpoint


def test_a_preset_without_a_client_is_a_fault() -> None:
    with pytest.raises(BadSettings, match=r"CLIENT_ID.* must be set"):
        load_settings({"QUANTIMODO_PROVIDERS__DISCORD__TITLE": "Discord"})
    linkedin = {"QUANTIMODO_PROVIDERS__LINKEDIN__CLIENT_ID": "id"}
    with pytest.raises(BadSettings, match=r"CLIENT_SECRET.* must be set, because pkce is false"):
        load_settings(linkedin)


def test_no_preset_trusts_the_addresses_of_its_provider() -> None:
    for row in PRESETS.values():
        assert (row.email_counts, row.authoritative, row.client_secret) == ("", None, None)
