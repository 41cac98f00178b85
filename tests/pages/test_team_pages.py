"""The team of an application: who is invited, who accepts, who may do what."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from quantimodo.model.client_members import MOST_OWNED
from quantimodo.model.clients import Client
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User
from quantimodo.pages.portal.app_pages import TABS
from support.account_services import PASSWORD, AccountServices
from support.page_site import Site, Visitor

INVITATION = "/developers/invitation"


@pytest.fixture
async def app(site: Site, user: User) -> Client:
    """Ann's application."""
    return await site.register(user)


@pytest.fixture
async def bob(site: Site, services: AccountServices) -> AsyncIterator[Visitor]:
    """The browser of Bob, who has a confirmed address."""
    await services.member("bob@example.org")
    async with site.visitor() as visitor:
        await visitor.sign_in("bob@example.org", PASSWORD)
        yield visitor


async def invited(
    services: AccountServices, ann: Visitor, app: Client, role: str = "developer"
) -> str:
    """Invite Bob; the address in the e-mail, as a local one."""
    path = f"/developers/apps/{app.id}/team"
    response = await ann.submit(path, email="bob@example.org", role=role)
    assert response.status_code == 303, response.text
    return f"{INVITATION}?token={await services.email_token(INVITATION)}"


async def joined(
    services: AccountServices, ann: Visitor, bob: Visitor, app: Client, role: str = "developer"
) -> None:
    moved = await bob.get(await invited(services, ann, app, role))
    assert moved.headers["location"] == INVITATION
    assert (await bob.submit(INVITATION)).status_code == 303


async def test_a_person_is_invited_joins_and_manages_the_application(
    services: AccountServices, ann: Visitor, bob: Visitor, app: Client, user: User
) -> None:
    path = f"/developers/apps/{app.id}"
    link = await invited(services, ann, app)
    mail = (await services.emails())[0]
    assert mail.to == "bob@example.org"
    assert app.name not in mail.text
    assert "Ann" not in mail.text
    assert "bob@example.org" in (await ann.get(f"{path}/team")).text
    assert (await bob.get(path)).status_code == 404, "an invitation alone opens nothing"
    assert (await bob.get(link)).headers["location"] == INVITATION
    assert app.name in (await bob.get(INVITATION)).text
    response = await bob.submit(INVITATION)
    assert response.headers["location"] == path
    assert f'href="{path}"' in (await bob.get("/developers")).text
    renamed = await bob.submit(f"{path}/branding", name="Bob was here")
    assert renamed.status_code == 303
    page = (await ann.get(f"{path}/team")).text
    assert "bob@example.org" in page
    assert "Valid until" not in page
    bobs = await services.stores.users.user_by_email("bob@example.org")
    assert bobs is not None
    events = await services.events(user)
    assert "client.invited" in {event.kind for event in events}
    edited = [event for event in events if event.kind == "client.edited"]
    assert [event.detail for event in edited] == [f"app Bob was here: changed by member {bobs.id}"]
    his = {event.kind: event.detail for event in await services.events(bobs)}
    assert his["client.edited"] == "app Bob was here: changed"
    assert his["client.member_added"].endswith(f"member {bobs.id} is developer")
    notice = (await services.emails())[0]
    assert (notice.to, notice.subject) == ("ann@example.org", "Your invitation was accepted")


async def test_a_developer_decides_neither_about_the_team_nor_the_end(
    services: AccountServices, ann: Visitor, bob: Visitor, app: Client, user: User
) -> None:
    await joined(services, ann, bob, app)
    path = f"/developers/apps/{app.id}"
    team = (await bob.get(f"{path}/team")).text
    assert "Invite a person" not in team
    assert "/team/remove" not in team
    assert "Only an owner" in (await bob.get(f"{path}/danger")).text
    csrf = (await bob.form("/account/profile"))["csrf"]
    for sub, fields in {
        "/team": {"email": "eve@example.org", "role": "owner"},
        "/team/remove": {"member": str(user.id)},
        "/team/withdraw": {"email": "x@example.org"},
        "/danger": {},
    }.items():
        response = await bob.http.post(path + sub, data={"csrf": csrf, **fields})
        assert response.status_code == 404, sub
    assert await services.stores.clients.client(app.id) == app
    assert len(await services.stores.teams.members(app.id)) == 2
    left = await bob.submit(f"{path}/team", f"{path}/team/leave")
    assert left.headers["location"] == "/developers"
    for tab in TABS:
        assert (await bob.get(path + tab.path)).status_code == 404, tab


async def test_a_person_with_many_applications_gets_no_more(
    services: AccountServices, site: Site, ann: Visitor, bob: Visitor, app: Client
) -> None:
    bobs = await services.stores.users.user_by_email("bob@example.org")
    assert bobs is not None
    for number in range(MOST_OWNED):
        await services.stores.clients.add_client(
            replace(app, id=f"app {number}", owner_id=bobs.id, redirect_uris=())
        )
    await bob.get(await invited(services, ann, app, "transfer"))
    refused = await bob.submit(INVITATION)
    assert refused.status_code == 422
    assert "You own 100 applications already." in refused.text
    found = await services.stores.clients.client(app.id)
    assert found is not None
    assert found.owner_id == app.owner_id
    await services.stores.clients.delete_client("app 0")
    assert (await bob.submit(INVITATION)).status_code == 303


async def test_an_invitation_is_for_its_verified_address_once_and_for_a_week(
    site: Site, services: AccountServices, ann: Visitor, bob: Visitor, app: Client
) -> None:
    link = await invited(services, ann, app)
    await services.member("eve@example.org")
    async with site.visitor() as eve:
        signed_out = await eve.get(link)
        assert signed_out.headers["location"] == INVITATION
        sign_in = await eve.get(INVITATION)
        assert sign_in.headers["location"] == f"/sign-in?return_to={INVITATION}"
        await eve.sign_in("eve@example.org", PASSWORD)
        await eve.get(link)
        page = await eve.get(INVITATION)
        assert page.status_code == 403
        assert app.name not in page.text
        csrf = (await eve.form("/account/profile"))["csrf"]
        assert (await eve.http.post(INVITATION, data={"csrf": csrf})).status_code == 403
    bobs = await services.stores.users.user_by_email("bob@example.org")
    assert bobs is not None
    assert await services.stores.teams.memberships(bobs.id) == []
    await bob.get(link)
    assert (await bob.submit(INVITATION)).status_code == 303
    await bob.get(link)
    assert (await bob.get(INVITATION)).status_code == 410, "used"
    for spoilt in (link + "x", f"{INVITATION}?token=", f"{INVITATION}?token=qmt_x"):
        await bob.get(spoilt)
        assert (await bob.get(INVITATION)).status_code == 410
    again = await invited(services, ann, app, "owner")
    services.clock.advance(timedelta(days=7))  # type: ignore[attr-defined]
    await bob.sign_in("bob@example.org", PASSWORD)
    await bob.get(again)
    assert (await bob.get(INVITATION)).status_code == 410, "expired"


async def test_an_address_that_is_not_verified_accepts_nothing(
    site: Site, services: AccountServices, ann: Visitor, app: Client
) -> None:
    link = await invited(services, ann, app)
    # An account that the operator made: no person has shown that the address is theirs.
    await services.accounts.administration.create(
        email="bob@example.org", name="Not Bob", password=Secret(PASSWORD)
    )
    async with site.visitor() as stranger:
        await stranger.sign_in("bob@example.org", PASSWORD)
        await stranger.get(link)
        assert (await stranger.get(INVITATION)).status_code == 403


async def test_the_team_sees_no_address_that_is_not_verified(
    services: AccountServices, ann: Visitor, app: Client
) -> None:
    """Who signed up with the address of another person is not shown as that person."""
    for email, verified in (("boss@example.org", False), ("carol@example.org", True)):
        member = await services.member(email, verified=verified)
        stored = services.stores.teams.set_member(app.id, member.id, "owner", services.clock.now())
        assert await stored
    page = (await ann.get(f"/developers/apps/{app.id}/team")).text
    assert "carol@example.org" in page
    assert "boss@example.org" not in page


async def test_an_invitation_that_is_withdrawn_is_over(
    services: AccountServices, ann: Visitor, bob: Visitor, app: Client
) -> None:
    link, path = await invited(services, ann, app), f"/developers/apps/{app.id}/team"
    await bob.get(link)
    form = await bob.form(INVITATION)
    withdrawn = await ann.submit(path, f"{path}/withdraw")
    assert withdrawn.status_code == 303
    assert (await bob.http.post(INVITATION, data=form)).status_code == 410


async def test_ownership_is_transferred_when_the_other_accepts(
    services: AccountServices, ann: Visitor, bob: Visitor, app: Client, user: User
) -> None:
    path = f"/developers/apps/{app.id}"
    await joined(services, ann, bob, app, "transfer")
    changed = await services.stores.clients.client(app.id)
    assert changed is not None
    assert changed.owner_id != user.id
    assert await services.stores.teams.role(app.id, user.id) == "developer"
    assert (await services.emails())[0].subject == "An application was transferred"
    assert "Invite a person" in (await bob.get(f"{path}/team")).text
    assert "Invite a person" not in (await ann.get(f"{path}/team")).text


async def test_a_transfer_ends_the_verified_domain_and_says_so(
    services: AccountServices, ann: Visitor, bob: Visitor, app: Client
) -> None:
    checked = replace(app, metadata=replace(app.metadata, verified_domain="example.org"))
    assert await services.stores.clients.replace_client(checked)
    await bob.get(await invited(services, ann, app, "transfer"))
    assert "The operator verified that <bdi>example.org</bdi>" in (await bob.get(INVITATION)).text
    assert (await bob.submit(INVITATION)).status_code == 303
    moved = await services.stores.clients.client(app.id)
    assert moved is not None
    assert (moved.owner_id != app.owner_id, moved.metadata.verified_domain) == (True, "")
    bobs = await services.stores.users.user_by_email("bob@example.org")
    assert bobs is not None
    details = [event.detail for event in await services.events(bobs)]
    assert any("the domain example.org is no longer verified" in each for each in details)


async def test_the_last_owner_stays_and_owners_remove_others(
    services: AccountServices, ann: Visitor, bob: Visitor, app: Client, user: User
) -> None:
    path = f"/developers/apps/{app.id}/team"
    last = await ann.submit(path, f"{path}/leave")
    assert last.status_code == 409
    assert "You are the last owner." in last.text
    await joined(services, ann, bob, app, "owner")
    assert "Transfer" not in (await bob.get(path)).text, "only the lead transfers"
    csrf = (await bob.form("/account/profile"))["csrf"]
    for fields in ({"member": str(user.id)}, {"member": "0"}, {"member": "x"}):
        removed = await bob.http.post(f"{path}/remove", data={"csrf": csrf, **fields})
        assert removed.status_code == 409
    refused = await bob.http.post(
        path, data={"csrf": csrf, "email": "eve@example.org", "role": "transfer"}
    )
    assert refused.status_code == 422
    assert (await ann.submit(path, f"{path}/remove")).status_code == 303
    assert (await bob.get(path)).status_code == 404
    await joined(services, ann, bob, app, "owner")
    assert (await ann.submit(path, f"{path}/leave")).status_code == 303
    assert (await ann.get(path)).status_code == 404
    assert (await bob.submit(path, f"{path}/leave")).status_code == 409


async def test_an_invitation_that_cannot_be_sent_is_refused_beside_its_field(
    services: AccountServices, ann: Visitor, app: Client
) -> None:
    path = f"/developers/apps/{app.id}/team"
    for email, role, field in (
        ("no address", "developer", "email"),
        ("ANN@example.org", "developer", "email"),
        ("bob@example.org", "operator", "role"),
    ):
        response = await ann.submit(path, email=email, role=role)
        assert response.status_code == 422, email
        assert f'id="{field}-error"' in response.text
    for _ in range(5):
        await ann.submit(path, email="bob@example.org", role="developer")
    limited = await ann.submit(path, email="bob@example.org", role="developer")
    assert limited.status_code == 429
    assert len(await services.stores.teams.invitations(app.id, services.clock.now())) == 1
