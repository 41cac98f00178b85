"""A person's own account (security.md §7, §18)."""

import re
from datetime import timedelta

import pytest

from quantimodo.model.measurements import Access
from quantimodo.model.users import User
from quantimodo.storage.tables.access_log import MOST_FILTERS
from support.account_services import PASSWORD, AccountServices
from support.page_site import Site, Visitor

MEMBERS_ONLY = [
    ("GET", "/account"),
    ("GET", "/account/profile"),
    ("GET", "/account/sessions"),
    ("GET", "/account/security"),
    ("GET", "/account/security/password"),
    ("GET", "/account/security/email"),
    ("GET", "/account/delete"),
    ("GET", "/account/closed"),
    ("GET", "/account/export"),
    ("POST", "/account/closed"),
    ("POST", "/account/export"),
    ("POST", "/account/profile"),
    ("POST", "/account/profile/details"),
    ("POST", "/account/emails"),
    ("POST", "/account/data/measurement"),
    ("POST", "/account/verification"),
    ("POST", "/account/sessions/end"),
    ("POST", "/account/sessions/end-others"),
    ("POST", "/account/security/password"),
    ("POST", "/account/security/email"),
    ("POST", "/account/delete"),
    ("GET", "/account/identities"),
    ("GET", "/account/again"),
    ("POST", "/account/security/first-password"),
    ("POST", "/account/identities/link"),
    ("POST", "/account/identities/unlink"),
    ("POST", "/account/apps/some/revoke"),
    ("GET", "/account/apps/some"),
    ("POST", "/account/apps/some"),
    ("GET", "/account/apps/some/receipts/1"),
    ("GET", "/account/apps/some/receipts/1/receipt.jwt"),
    ("POST", "/account/apps/some/receipts/1/mail"),
    ("GET", "/developers"),
    ("GET", "/developers/new"),
    ("GET", "/developers/apps/some"),
    ("GET", "/developers/apps/some/secret"),
    *(
        ("GET", f"/developers/apps/some/{tab}")
        for tab in (
            *("sign-in", "scopes", "branding", "keys", "log", "usage", "team", "webhooks"),
            *("try", "danger"),
        )
    ),
    ("POST", "/developers/new"),
    *(
        ("POST", f"/developers/apps/some/{tab}")
        for tab in (
            *("sign-in", "scopes", "branding", "logo", "keys", "secret", "team", "webhooks"),
            *("try", "danger"),
        )
    ),
]


@pytest.mark.parametrize(("method", "path"), MEMBERS_ONLY)
async def test_a_stranger_is_led_to_sign_in(visitor: Visitor, method: str, path: str) -> None:
    csrf = (await visitor.form("/sign-in"))["csrf"]
    data = {"csrf": csrf} if method == "POST" else None
    response = await visitor.http.request(method, path, data=data)
    assert response.status_code == 303
    assert response.headers["location"].startswith("/sign-in?return_to=/")


async def test_the_overview_shows_what_each_app_may_do_and_since_when(
    site: Site, ann: Visitor, user: User
) -> None:
    client = await site.register(user, name="Mood <Tracker>")
    await site.allow(user, client, "basic", "readmeasurements")
    page = (await ann.get("/account")).text
    assert "Mood &lt;Tracker&gt;" in page
    assert "by <bdi>Ann Example</bdi>" in page
    assert "23 November 2026" in page
    assert "Read your measurements" in page
    assert "Add and change measurements" not in page


async def test_access_is_taken_back_at_once(
    site: Site, services: AccountServices, ann: Visitor, user: User
) -> None:
    client = await site.register(user)
    await site.allow(user, client, "basic")
    response = await ann.submit("/account", f"/account/apps/{client.id}/revoke")
    assert response.status_code == 303
    assert await services.stores.authorizations.consent(user.id, client.id) is None
    page = (await ann.get("/account")).text
    assert "Removed Mood Tracker. It can no longer use your account." in page
    assert "No application uses your account" in page
    assert "consent.withdrawn" in {event.kind for event in await services.events(user)}


async def test_one_person_cannot_take_back_what_another_allowed(
    site: Site, services: AccountServices, ann: Visitor, user: User
) -> None:
    bob = await services.member("bob@example.org")
    client = await site.register(bob)
    await site.allow(bob, client, "basic")
    csrf = (await ann.form("/account/profile"))["csrf"]
    await ann.http.post(f"/account/apps/{client.id}/revoke", data={"csrf": csrf})
    assert await services.stores.authorizations.consent(bob.id, client.id) is not None


async def test_a_name_is_changed_or_refused_with_a_reason(ann: Visitor) -> None:
    response = await ann.submit("/account/profile", name="  Ann   Other ")
    assert response.status_code == 303
    assert 'value="Ann Other"' in (await ann.get("/account/profile")).text
    refused = await ann.submit("/account/profile", name=" ")
    assert refused.status_code == 422
    assert "Enter a name." in refused.text


async def test_each_device_is_listed_and_can_be_signed_out_alone(
    site: Site, services: AccountServices, ann: Visitor, user: User
) -> None:
    async with site.visitor("198.51.100.4") as phone:
        phone.http.headers["user-agent"] = "Mozilla/5.0 (iPhone; CPU) Version/19 Safari/605"
        await phone.sign_in("ann@example.org", PASSWORD)
        page = (await ann.get("/account/sessions")).text
        assert "Safari on iPhone" in page
        assert "198.51.100.4" in page
        assert page.count("this device</span></h2>") == 1
        other = (await services.sessions.list(user.id))[-1]
        sessions = {s.agent: s for s in await services.sessions.list(user.id)}
        other = next(s for agent, s in sessions.items() if "iPhone" in agent)
        await ann.submit("/account/sessions", "/account/sessions/end", session=other.key.hex())
        assert (await phone.get("/account")).status_code == 303
    assert (await ann.get("/account")).status_code == 200


async def test_signing_out_this_very_device_signs_out_here(ann: Visitor) -> None:
    response = await ann.submit("/account/sessions", "/account/sessions/end")
    assert response.headers["location"] == "/sign-in"
    assert (await ann.get("/account")).status_code == 303


async def test_everywhere_else_is_signed_out_by_one_press(site: Site, ann: Visitor) -> None:
    async with site.visitor() as phone, site.visitor() as tablet:
        for other in (phone, tablet):
            await other.sign_in("ann@example.org", PASSWORD)
        await ann.submit("/account/sessions", "/account/sessions/end-others")
        for other in (phone, tablet):
            assert (await other.get("/account")).status_code == 303
    assert (await ann.get("/account")).status_code == 200


@pytest.mark.parametrize("key", ["", "zz", "00", "é", "00" * 36])
async def test_a_session_that_is_not_ones_own_is_not_ended(
    site: Site, services: AccountServices, ann: Visitor, key: str
) -> None:
    bob = await services.member("bob@example.org")
    cookie = await services.sign_in("bob@example.org")
    theirs = (await services.sessions.list(bob.id))[0].key.hex()
    for value in (key, theirs):
        response = await ann.submit("/account/sessions", "/account/sessions/end", session=value)
        assert response.status_code == 303
    assert await services.is_live(cookie)
    assert (await ann.get("/account")).status_code == 200


async def test_a_password_is_changed_only_with_the_current_one(site: Site, ann: Visitor) -> None:
    path = "/account/security/password"
    refused = await ann.submit(path, current="wrong", password="a whole new password")
    assert refused.status_code == 400
    assert 'id="current-error"' in refused.text
    weak = await ann.submit(path, current=PASSWORD, password="password")
    assert weak.status_code == 422
    assert 'id="password-error"' in weak.text
    before = ann.http.cookies["__Host-quantimodo_session"]
    changed = await ann.submit(path, current=PASSWORD, password="a whole new password")
    assert changed.status_code == 303
    assert ann.http.cookies["__Host-quantimodo_session"] != before
    assert "Your password is changed." in (await ann.get("/account/sessions")).text
    async with site.visitor() as elsewhere:
        assert (await elsewhere.sign_in("ann@example.org", PASSWORD)).status_code == 400


async def test_an_address_is_changed_only_with_the_current_password(
    services: AccountServices, ann: Visitor
) -> None:
    refused = await ann.submit("/account/security/email", email="x@example.org", current="wrong")
    assert refused.status_code == 400
    assert 'value="x@example.org"' in refused.text
    assert await services.emails() == []


async def test_events_are_described_in_plain_words(
    services: AccountServices, ann: Visitor, user: User
) -> None:
    await ann.sign_in("ann@example.org", "wrong")
    await services.audit.flush()
    page = (await ann.get("/account/security")).text
    assert "A sign-in was refused: wrong password" in page
    assert "The account was made" in page


async def test_an_account_is_deleted_with_the_password_and_everything_ends(
    site: Site, services: AccountServices, ann: Visitor, user: User
) -> None:
    client = await site.register(user)
    page = (await ann.get("/account/delete")).text
    assert "Mood Tracker" in page
    refused = await ann.submit("/account/delete", current="wrong")
    assert refused.status_code == 400
    response = await ann.submit("/account/delete", current=PASSWORD)
    assert response.headers["location"] == "/account/closed"
    services.clock.advance(timedelta(days=7))
    assert await services.accounts.deletion.delete_due() == 1
    assert await services.stores.users.user_by_email("ann@example.org") is None
    assert await services.stores.clients.client(client.id) is None
    assert (await ann.get("/account")).status_code == 303


async def test_the_time_zone_has_a_list_and_takes_names_of_iana_only(ann: Visitor) -> None:
    page = (await ann.get("/account/profile")).text
    assert 'name="zoneinfo" type="text" value="" maxlength="60" list="zoneinfo-options"' in page
    options = page.partition('<datalist id="zoneinfo-options">')[2].partition("</datalist>")[0]
    names = re.findall(r'<option value="([^"]+)">', options)
    assert {"Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC"} < set(names)
    assert names == sorted(names)
    for zone, status in (
        ("Europe/Berlin", 303),
        ("Berlin", 422),
        ("../etc/passwd", 422),
        ("", 303),
    ):
        response = await ann.submit("/account/profile", "/account/profile/details", zoneinfo=zone)
        assert response.status_code == status, zone


async def test_optional_emails_are_chosen(ann: Visitor) -> None:
    assert "/account/emails" in (await ann.get("/account/profile")).text
    first = await ann.form("/account/emails")
    assert first["email"] == ["first_read", "application"]
    saved = await ann.submit("/account/emails", email=["application", "summary", "security"])
    assert saved.headers["location"] == "/account/emails"
    assert (await ann.form("/account/emails"))["email"] == ["application", "summary"]
    await ann.submit("/account/emails", email=[])
    assert "email" not in await ann.form("/account/emails")


async def test_an_app_is_listed_with_what_it_did_last(
    site: Site, services: AccountServices, ann: Visitor, user: User
) -> None:
    client = await site.register(user)
    await site.allow(user, client, "readmeasurements")
    assert "Last read" not in (await ann.get("/account")).text
    now = services.clock.now()
    for ago, number in ((timedelta(hours=5), 7), (timedelta(hours=2), 1_260)):
        read = Access(
            user_id=user.id,
            client_id=client.id,
            action="read",
            first_at=now - ago,
            last_at=now - ago,
            measurements=number,
        )
        await services.stores.accesses.add_accesses([read])
    page = (await ann.get("/account")).text
    assert re.search("Last read <time [^>]*>2 hours ago</time>: 1,260 entries", page)
    assert "7 entries" not in page


async def test_a_notice_shows_no_markup_of_a_name(site: Site, ann: Visitor, user: User) -> None:
    client = await site.register(user, name="<b>Bold</b> & ünï")
    await site.allow(user, client, "basic")
    await ann.submit("/account", f"/account/apps/{client.id}/revoke")
    page = (await ann.get("/account")).text
    assert "Removed &lt;b&gt;Bold&lt;/b&gt; &amp; ünï." in page
    assert "<b>Bold" not in page
    assert "Removed" not in (await ann.get("/account")).text


async def test_the_activity_of_the_last_seven_days_is_summed_up(
    site: Site, services: AccountServices, ann: Visitor, user: User
) -> None:
    client = await site.register(user)
    now = services.clock.now()
    for ago, number in ((timedelta(days=8), 7), (timedelta(days=2), 1_000), (timedelta(0), 260)):
        read = Access(
            user_id=user.id,
            client_id=client.id,
            action="read",
            first_at=now - ago,
            last_at=now - ago,
            measurements=number,
            requests=2,
        )
        await services.stores.accesses.add_accesses([read])
    page = (await ann.get("/account/activity")).text
    assert f"more than {MOST_FILTERS} different filters in an hour" in page
    assert "The last seven days" in page
    assert "Read 1,260 measurements in 4 requests" in page
    assert "The last seven days" not in (await ann.get(f"/account/activity?app={client.id}")).text
