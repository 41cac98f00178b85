"""Which kinds of providers there are, and what each needs before a server starts."""

from typing import Any, get_args

import pytest

from quantimodo.federation.contract import Kind, ProviderPolicy
from quantimodo.federation.provider_table import TABLE, faults_of, issuer_of, open_providers
from quantimodo.model.secrets import Secret
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.ports.stores import Stores
from support.environment import FrozenClock
from support.upstream import ec_key, pem_of

KINDS: tuple[Kind, ...] = get_args(Kind)


def policy_of(kind: Kind, **changes: Any) -> ProviderPolicy:
    secret = pem_of(ec_key()) if kind == "apple" else "a-secret"
    given: dict[str, Any] = {
        "name": kind,
        "kind": kind,
        "client_id": "an-id",
        "client_secret": Secret(secret),
        "issuer": "https://login.example.org" if kind in ("oidc", "oauth2") else "",
        "team_id": "TEAM",
        "key_id": "KEY",
    }
    if kind == "oauth2":
        given |= {
            "authorization_endpoint": "https://login.example.org/authorize",
            "token_endpoint": "https://login.example.org/token",
            "subject_field": "id",
        }
    return ProviderPolicy(**{**given, **changes})


def test_every_kind_has_its_line() -> None:
    assert set(TABLE) == set(KINDS)


async def test_every_kind_is_opened_without_a_request(clock: FrozenClock, stores: Stores) -> None:
    http_client = GuardedHttpClient()
    policies = [policy_of(kind) for kind in KINDS]
    opened = open_providers(policies, http_client, clock, stores.replays)
    assert list(opened) == list(KINDS)
    for name, provider in opened.items():
        assert provider.name == name
        assert provider.title
        assert provider.responds_by_form_post is (name == "apple")
    await http_client.close()


@pytest.mark.parametrize("kind", KINDS)
def test_complete_settings_have_no_fault(kind: Kind) -> None:
    assert list(faults_of(policy_of(kind))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_missing_values_are_named(kind: Kind) -> None:
    empty = ProviderPolicy(name="work", kind=kind, client_id="")
    faults = dict(faults_of(empty))
    assert faults["client_id"] == f"must be set for {kind}"
    assert ("issuer" in faults) is (kind in ("oidc", "oauth2"))
    assert ("subject_field" in faults) is (kind == "oauth2")
    assert ("key_id" in faults) is (kind == "apple")


@pytest.mark.parametrize(
    ("policy", "fault"),
    [
        (policy_of("apple", client_secret=Secret("marked")), "client_secret"),
        (policy_of("microsoft", tenant="marked.example.org"), "tenant"),
        (policy_of("microsoft", issuer="https://login.example.org/{tenantid}/v2.0"), "issuer"),
    ],
)
def test_settings_that_cannot_work_are_named_and_not_echoed(
    policy: ProviderPolicy, fault: str
) -> None:
    ((field, text),) = faults_of(policy)
    assert field == fault
    assert "marked" not in text


def test_the_issuer_of_identities_is_known_where_there_is_one() -> None:
    expected = {
        "google": "https://accounts.google.com",
        "facebook": "https://www.facebook.com",
        "apple": "https://appleid.apple.com",
        "github": "https://github.com",
        "x": "https://x.com",
        "oidc": "https://login.example.org",
        "oauth2": "https://login.example.org",
        "microsoft": "",
    }
    assert {kind: issuer_of(policy_of(kind)) for kind in KINDS} == expected
