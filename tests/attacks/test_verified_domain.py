"""The domain that the operator checked is a mark apart from the review. It ends when people would
see another application."""

from dataclasses import replace
from typing import Any

import pytest

from quantimodo.app.composition.administration import client_administration
from quantimodo.clients.errors import InvalidMetadata
from quantimodo.model.admin_actions import Authority
from quantimodo.model.clients import Client
from quantimodo.protocol.registration import privileges, registration_of
from quantimodo.protocol.verified_domains import check_domain, is_of_domain
from support.administrators import REASON, administrator, press, session_of
from support.app import CALLBACK, App, AppHarness
from support.page_site import PNG

BY = Authority(reason="a record in the DNS")
DOMAIN = "example.org"
SHOWN = "as this server's operator checked"


async def verified(harness: AppHarness, **changes: Any) -> tuple[App, Client]:
    ann = await harness.person()
    app = await harness.app(**changes)
    await harness.register_again(app, owner_id=ann.id)
    client = await harness.context.stores.clients.client(app.id)
    assert client is not None
    return app, await client_administration(harness.context).set_verified_domain(client, DOMAIN, BY)


async def domain_of(harness: AppHarness, app: App) -> str:
    client = await harness.context.stores.clients.client(app.id)
    assert client is not None
    return client.metadata.verified_domain


async def test_the_consent_page_shows_both_marks_each_for_itself(harness: AppHarness) -> None:
    app, client = await verified(harness)
    browser = await harness.signed_in()
    page = (await harness.ask(browser, app)).text
    assert (SHOWN in page, "Not reviewed by this server" in page) == (True, True)
    assert f"<bdi>{DOMAIN}</bdi>" in page
    administration = client_administration(harness.context)
    await administration.perform("review", client, BY)
    page = (await harness.ask(browser, app)).text
    assert (SHOWN in page, "Reviewed by this server" in page) == (True, True)
    found = await harness.context.stores.clients.client(app.id)
    assert found is not None
    await administration.set_verified_domain(found, "", BY)
    page = (await harness.ask(browser, app)).text
    assert (SHOWN in page, "Reviewed by this server" in page) == (False, True)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"name": "Another Name"}, False),
        ({"homepage_uri": "https://elsewhere.example.com/"}, False),
        ({"policy_uri": "https://app.example.org/other"}, False),
        ({"tos_uri": "https://app.example.org/terms"}, False),
        ({"redirect_uris": ("https://elsewhere.example.com/callback",)}, False),
        ({"redirect_uris": ("https://evil.example.org/callback",)}, False),
        ({"redirect_uris": ("org.example.app:/callback",)}, False),
        ({"redirect_uris": ("https://app.example.org/another",)}, True),
        ({"description": "Another text"}, True),
        ({"scope": frozenset({"basic", "email"})}, True),
    ],
    # The text of a set has another order in each process of tests.
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else str(value),
)
async def test_it_ends_when_the_team_changes_what_was_checked(
    harness: AppHarness, change: dict[str, Any], kept: bool
) -> None:
    app, client = await verified(harness)
    await harness.context.registry.change(client, replace(registration_of(client), **change))
    assert await domain_of(harness, app) == (DOMAIN if kept else "")


async def test_it_ends_with_the_last_address_at_the_domain(harness: AppHarness) -> None:
    """An address of others, which was there at the check, does not keep it."""
    partner = "https://partner.example.com/callback"
    app, client = await verified(harness, redirect_uris=(partner, CALLBACK))
    registry = harness.context.registry
    await registry.change(client, replace(registration_of(client), redirect_uris=(partner,)))
    assert await domain_of(harness, app) == ""


async def test_the_operator_gives_no_domain_at_which_it_has_no_address(
    harness: AppHarness,
) -> None:
    """By whichever command: all of them change a client by this."""
    app, client = await verified(harness)
    forged = replace(client.metadata, verified_domain="bank.example")
    registration = replace(registration_of(client), metadata=forged)
    with pytest.raises(InvalidMetadata) as refusal:
        await harness.context.registry.change(client, registration, by_operator=True)
    assert refusal.value.field == "verified_domain"
    assert await domain_of(harness, app) == DOMAIN


async def test_it_ends_with_another_logo(harness: AppHarness) -> None:
    app, client = await verified(harness)
    await harness.context.registry.set_logo(client, PNG)
    assert await domain_of(harness, app) == ""


async def test_no_application_gives_itself_a_domain(harness: AppHarness) -> None:
    app, client = await verified(harness)
    forged = replace(client.metadata, verified_domain="bank.example")
    registration = replace(registration_of(client), metadata=forged)
    assert "verified_domain" in {fault.field for fault in privileges(registration)}
    await harness.context.registry.change(client, registration)
    assert await domain_of(harness, app) == DOMAIN


async def test_an_administrator_sets_it_with_a_reason(harness: AppHarness) -> None:
    browser = await session_of(harness, await administrator(harness))
    app = await harness.app()
    path = f"/admin/apps/{app.id}/domain"
    for wrong in ({"domain": "elsewhere.example"}, {"domain": "-"}, {"reason": ""}):
        refused = await press(browser, path, **{"domain": DOMAIN, **wrong})
        assert refused.status_code == 422, wrong
    assert (await press(browser, path, domain="Example.ORG ")).status_code == 303
    assert await domain_of(harness, app) == DOMAIN
    assert f"from {DOMAIN}" in (await browser.get(f"/admin/apps/{app.id}")).text
    assert (await press(browser, path, domain="")).status_code == 303
    assert await domain_of(harness, app) == ""
    rows = [(row[2], row[5], row[7]) for row in harness.rows()["admin_actions"]]
    assert rows == [("client.verify", app.id, REASON), ("client.unverify", app.id, REASON)]
    client = await harness.context.stores.clients.client(app.id)
    assert client is not None
    with pytest.raises(InvalidMetadata):
        await client_administration(harness.context).set_verified_domain(
            client, "elsewhere.example", BY
        )


@pytest.mark.parametrize(
    "domain", ["Example.org", "example", "exam ple.org", "-a.org", "a..org", "x" * 254, "1.2.3.4"]
)
def test_only_a_domain_name_is_one(domain: str) -> None:
    assert list(check_domain(domain))


def test_a_domain_is_that_of_a_host_or_above_it() -> None:
    class Registered:
        redirect_uris = ("https://app.example.org/cb", "http://127.0.0.1/cb", "org.x:/cb")
        homepage_uri = "https://example.com/"
        policy_uri = ""

    found = ["app.example.org", "example.org", "example.com", "org"]
    assert [domain for domain in found if is_of_domain(Registered, domain)] == found
    for domain in ("ample.org", "xapp.example.org", "127.0.0.1", "org.x"):
        assert not is_of_domain(Registered, domain), domain
