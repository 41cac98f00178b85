"""`ClientStore`: applications and their logos."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import LATER, NOW, Samples, access_token_of, client, code_of, consent, refresh_token

from quantimodo.model.client_metadata import ClientMetadata
from quantimodo.model.clients import Client, Logo, SecretDigest
from quantimodo.ports.stores import Conflict, Stores

_FULL = Client(
    id="full",
    name="Näme",
    created_at=NOW,
    description="two\nlines",
    homepage_uri="https://app.example.org/",
    policy_uri="https://app.example.org/policy",
    tos_uri="https://app.example.org/terms",
    redirect_uris=("https://app.example.org/b", "https://app.example.org/a"),
    scope=frozenset({"basic", "openid"}),
    grant_types=frozenset({"client_credentials"}),
    response_types=frozenset({"code id_token", "code"}),
    public=True,
    strict=True,
    first_party=True,
    resource_server=True,
    token_format="jwt",
    id_token_alg="ES256",
    secret=SecretDigest(b"\0\1digest"),
    previous_secret=SecretDigest(b"old", LATER),
    disabled_at=NOW,
    metadata=ClientMetadata(
        application_type="native",
        contacts=("ann@example.org",),
        localized={"client_name#ja": "\u8a08\u6e2c"},
        jwks='{"keys": []}',
        subject_type="pairwise",
        default_max_age=0,
        require_auth_time=True,
        post_logout_redirect_uris=("https://app.example.org/bye",),
        include_claims_in_id_token=True,
    ),
    sealed_secret=b"\0sealed",
    registration_digest=b"\0digest",
    registered_from=b"\0network",
    revision=3,
)


async def test_an_application_comes_back_as_added(stores: Stores) -> None:
    await stores.clients.add_client(_FULL)
    assert await stores.clients.client("full") == _FULL
    plain = client("plain", redirect_uris=(), grant_types=frozenset(), response_types=frozenset())
    await stores.clients.add_client(plain)
    assert await stores.clients.client("plain") == plain


async def test_an_unknown_application_is_none(stores: Stores) -> None:
    assert await stores.clients.client("unknown") is None
    assert await stores.clients.client("a\0b") is None
    assert await stores.clients.client("\ud800") is None
    assert await stores.clients.logo("unknown") is None


async def test_an_id_is_taken(stores: Stores) -> None:
    await stores.clients.add_client(client("one"))
    with pytest.raises(Conflict):
        await stores.clients.add_client(client("one", name="Another"))
    assert await stores.clients.client("one") == client("one")


async def test_an_owner_must_exist(stores: Stores) -> None:
    with pytest.raises(Conflict):
        await stores.clients.add_client(client("one", owner_id=77))


async def test_a_replacement_counts_revisions(stores: Stores, samples: Samples) -> None:
    person = await samples.user()
    await stores.clients.add_client(client("one"))
    wanted = replace(_FULL, id="one", revision=0, owner_id=person.id)
    assert await stores.clients.replace_client(wanted)
    assert await stores.clients.client("one") == replace(wanted, revision=1)


async def test_a_replacement_of_an_older_revision_is_lost(stores: Stores) -> None:
    await stores.clients.add_client(client("one"))
    assert await stores.clients.replace_client(client("one", name="First"))
    assert not await stores.clients.replace_client(client("one", name="Second"))
    assert await stores.clients.client("one") == client("one", name="First", revision=1)
    assert not await stores.clients.replace_client(client("unknown"))


async def test_of_many_replacements_at_once_one_wins(stores: Stores) -> None:
    await stores.clients.add_client(client("one"))
    tries = [stores.clients.replace_client(client("one", name=f"Name {n}")) for n in range(10)]
    assert sorted(await asyncio.gather(*tries)) == [False] * 9 + [True]


async def test_applications_are_listed_by_id_of_all_or_of_one_owner(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    for number in range(6):
        await stores.clients.add_client(
            client(f"c{number}", owner_id=person.id if number % 2 else None)
        )
    assert [c.id for c in await stores.clients.clients()] == ["c0", "c1", "c2", "c3", "c4", "c5"]
    assert [c.id for c in await stores.clients.clients(after="c1", limit=2)] == ["c2", "c3"]
    assert [c.id for c in await stores.clients.clients(owner_id=person.id)] == ["c1", "c3", "c5"]
    own = await stores.clients.clients(owner_id=person.id, after="c1", limit=1)
    assert [c.id for c in own] == ["c3"]
    assert await stores.clients.clients(owner_id=person.id + 1) == []


async def test_the_names_of_first_party_applications(stores: Stores) -> None:
    assert await stores.clients.first_party_names() == []
    for name, first_party in (("Diary", True), ("Mood", False), ("Admin", True)):
        await stores.clients.add_client(
            Client(id=name, name=name, created_at=NOW, first_party=first_party)
        )
    assert await stores.clients.first_party_names() == ["Admin", "Diary"]
    assert await stores.clients.first_party_names(limit=1) == ["Admin"]


async def test_a_logo_is_set_replaced_and_dropped(stores: Stores) -> None:
    await stores.clients.add_client(client("one"))
    await stores.clients.set_logo("one", Logo("image/png", b"\x89PNG\0"))
    assert await stores.clients.logo("one") == Logo("image/png", b"\x89PNG\0")
    await stores.clients.set_logo("one", Logo("image/webp", b"RIFF"))
    assert await stores.clients.logo("one") == Logo("image/webp", b"RIFF")
    await stores.clients.set_logo("one", None)
    assert await stores.clients.logo("one") is None


async def test_logos_for_languages_are_replaced_together(stores: Stores) -> None:
    await stores.clients.add_client(client("one"))
    png, webp = Logo("image/png", b"\x89PNG\0"), Logo("image/webp", b"RIFF")
    await stores.clients.set_logo("one", png, None, {"de": webp, "ar": png})
    assert await stores.clients.localized_logos("one") == {"de": webp, "ar": png}
    await stores.clients.set_logo("one", webp)
    assert await stores.clients.localized_logos("one") == {"de": webp, "ar": png}, "they stay"
    await stores.clients.set_logo("one", None, None, {"de": png})
    assert await stores.clients.localized_logos("one") == {"de": png}
    assert await stores.clients.localized_logos("unknown") == {}
    assert await stores.clients.delete_client("one")
    assert await stores.clients.localized_logos("one") == {}


async def test_a_logo_needs_its_application(stores: Stores) -> None:
    with pytest.raises(Conflict):
        await stores.clients.set_logo("unknown", Logo("image/png", b"x"))


async def test_a_deleted_application_takes_consents_and_logo_and_its_tokens_die(
    stores: Stores, samples: Samples
) -> None:
    person, application = await samples.user(), await samples.client()
    await stores.clients.set_logo(application.id, Logo("image/png", b"x"))
    await stores.authorizations.save_consent(consent(person, application.id, "basic"))
    grant = await samples.grant(person, application.id)
    unused = await samples.grant(person, application.id)
    successor, access = refresh_token(grant, "r"), access_token_of(grant, "a")
    assert await stores.tokens.redeem(code_of(grant), NOW, access, successor)

    assert await stores.clients.delete_client(application.id)
    assert await stores.clients.client(application.id) is None
    assert await stores.clients.logo(application.id) is None
    assert await stores.authorizations.consent(person.id, application.id) is None
    assert await stores.tokens.authorization_code(code_of(unused).key) is None
    assert await stores.tokens.refresh_token(successor.key) is None
    assert await stores.tokens.access_token(access.key) is None
    assert await stores.tokens.token_status("jti", application.id, grant.id) is None
    assert not await stores.clients.delete_client(application.id)


async def test_a_changed_application_is_seen_at_once(stores: Stores) -> None:
    await stores.clients.add_client(client("one"))
    for revision in range(5):
        assert await stores.clients.client("one") == client("one", revision=revision)
        assert await stores.clients.replace_client(client("one", revision=revision))
    assert await stores.clients.replace_client(client("one", revision=5, disabled_at=NOW))
    found = await stores.clients.client("one")
    assert found is not None
    assert found.disabled_at == NOW
    assert found.disabled_at.utcoffset() == timedelta(0)


# ------------------------------------------------------------------- found by their redirect URIs


async def _owners(stores: Stores, redirect_uri: str, limit: int = 2) -> list[str]:
    found = await stores.clients.clients_by_redirect_uri(redirect_uri, limit=limit)
    return [each.id for each in found]


async def test_an_application_is_found_by_each_of_its_redirect_uris(stores: Stores) -> None:
    uris = ("https://app.example.org/a", "org.example.app:/b", "http://localhost:3000/c")
    await stores.clients.add_client(client("one", redirect_uris=uris))
    for uri in uris:
        assert await stores.clients.clients_by_redirect_uri(uri) == [
            client("one", redirect_uris=uris)
        ]


async def test_a_redirect_uri_is_found_exactly(stores: Stores) -> None:
    await stores.clients.add_client(client("one", redirect_uris=("https://app.example.org/a?x=1",)))
    for other in (
        "https://app.example.org/a",
        "https://app.example.org/a?x=1&y",
        "https://app.example.org/a?x=1\0",
        "https://app.example.org/A?x=1",
        "https://app.example.org:443/a?x=1",
        "https://app.example.org/%61?x=1",
        "\ud800",
        "%",
        "",
    ):
        assert await _owners(stores, other) == [], other


async def test_the_port_of_a_loopback_address_does_not_matter(stores: Stores) -> None:
    four = ("http://127.0.0.1/cb", "http://127.0.0.1:8000/cb", "http://127.0.0.1:9000/cb")
    await stores.clients.add_client(client("four", redirect_uris=four))
    await stores.clients.add_client(client("six", redirect_uris=("http://[::1]:8000/cb?a=b",)))
    for uri in (*four, "http://127.0.0.1:65535/cb"):
        assert await _owners(stores, uri) == ["four"]
    assert await _owners(stores, "http://[::1]/cb?a=b") == ["six"]
    for other in ("http://127.0.0.1:65536/cb", "http://127.0.0.1:/cb", "http://127.0.0.1:1/CB"):
        assert await _owners(stores, other) == []


async def test_of_many_applications_with_one_redirect_uri_a_few_are_found(stores: Stores) -> None:
    for number in range(4):
        await stores.clients.add_client(client(f"c{number}", redirect_uris=("https://a.example/",)))
    assert await _owners(stores, "https://a.example/") == ["c0", "c1"]
    assert len(await _owners(stores, "https://a.example/", limit=9)) == 4


async def test_a_changed_disabled_or_deleted_application_is_not_found_by_what_it_had(
    stores: Stores,
) -> None:
    old, new = "https://old.example/", "https://new.example/"
    await stores.clients.add_client(client("one", redirect_uris=(old,)))
    assert await stores.clients.replace_client(client("one", redirect_uris=(new,)))
    assert await _owners(stores, old) == []
    assert await _owners(stores, new) == ["one"]
    # A replacement that is lost changes nothing.
    assert not await stores.clients.replace_client(client("one", redirect_uris=(old,)))
    assert await _owners(stores, old) == []
    disabled = client("one", redirect_uris=(new,), revision=1, disabled_at=NOW)
    assert await stores.clients.replace_client(disabled)
    assert await _owners(stores, new) == []
    assert await stores.clients.replace_client(replace(disabled, revision=2, disabled_at=None))
    assert await _owners(stores, new) == ["one"]
    assert await stores.clients.delete_client("one")
    assert await _owners(stores, new) == []


async def test_the_applications_of_a_deleted_person_are_found_no_more(
    stores: Stores, samples: Samples
) -> None:
    person = await samples.user()
    uri = "https://own.example/"
    await stores.clients.add_client(client("own", owner_id=person.id, redirect_uris=(uri,)))
    assert await _owners(stores, uri) == ["own"]
    assert await stores.users.delete_user(person.id, NOW)
    assert await _owners(stores, uri) == []
