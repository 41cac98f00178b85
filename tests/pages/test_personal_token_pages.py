"""Personal tokens (issue 17.8): made with the choices of a consent, shown once, accepted at this
server's own API alone, and ended at once."""

import json
import re
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import httpx
import pytest

from support.account_services import PASSWORD
from support.app import ME, USERINFO, AppHarness, OpenHarness, form_fields
from support.dpop import DPoPKey, call, token_hash

TOKENS = "/account/tokens"
NEW, REVOKE = f"{TOKENS}/new", f"{TOKENS}/revoke"
MEASUREMENTS, CONSENT = "/api/v1/measurements", "/api/v2/consents/current"
NEW_PASSWORD = "quite another long password"
CHOSEN: dict[str, Any] = {"name": "Grafana at home", "days": "30", "scope": ["readmeasurements"]}


async def make(browser: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    page = await browser.get(NEW)
    assert page.status_code == 200, page.text
    fields = {"csrf": form_fields(page.text)["csrf"], **CHOSEN, **changes}
    return await browser.post(NEW, data=fields)


async def made(browser: httpx.AsyncClient, **changes: Any) -> str:
    """The token that the list shows after it is made."""
    response = await make(browser, **changes)
    assert (response.status_code, response.headers["location"]) == (303, TOKENS), response.text
    page = (await browser.get(TOKENS)).text
    return page.split('id="made"')[1].split(">")[1].split("<")[0]


async def test_a_token_is_shown_once_and_opens_what_was_chosen(harness: AppHarness) -> None:
    await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    token = await made(browser)
    assert token.startswith("qmp_")
    assert len(token) == 56
    assert token not in (await browser.get(TOKENS)).text
    assert token not in json.dumps(harness.rows(), default=str)

    assert (await harness.call(token, MEASUREMENTS)).status_code == 200
    for path in (ME, USERINFO):
        refused = await harness.call(token, path)
        assert refused.status_code == 403
        assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    in_query = await harness.browser().get(MEASUREMENTS, params={"access_token": token})
    assert in_query.status_code == 400, "no application of 2016 has one"
    by_dpop = {"authorization": f"DPoP {token}"}
    assert (await harness.browser().get(MEASUREMENTS, headers=by_dpop)).status_code == 401
    assert (await harness.call(token, CONSENT)).status_code == 404
    assert (await harness.call(token[:-1] + "_", MEASUREMENTS)).status_code == 401
    assert (await harness.introspect(app, token)) == {"active": False}

    await harness.context.accesses.flush()
    page = (await browser.get(TOKENS)).text
    assert "last used" in page
    activity = (await browser.get("/account/activity")).text
    assert "Grafana at home" in activity
    assert "A deleted application" not in activity

    harness.advance(days=30)
    assert (await harness.call(token, MEASUREMENTS)).status_code == 401


async def test_its_details_restrict_the_data(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    scope = ["readmeasurements", "writemeasurements"]
    writer = await made(browser, name="import", scope=scope)
    sets = [
        {
            "variableName": variable,
            "variableCategoryName": category,
            "combinationOperation": "MEAN",
            "abbreviatedUnitName": "/5",
            "measurements": [{"startTime": 1_439_389_320, "value": 3}],
        }
        for variable, category in (("Sleep Quality", "Sleep"), ("Overall Mood", "Emotions"))
    ]
    headers = {"authorization": f"Bearer {writer}"}
    added = await harness.browser().post(MEASUREMENTS, json=sets, headers=headers)
    assert added.status_code == 200, added.text
    reader = await made(browser, data="some", category=["Sleep"])
    rows = (await harness.call(reader, MEASUREMENTS)).json()
    assert {row["variable"] for row in rows} == {"Sleep Quality"}
    headers = {"authorization": f"Bearer {reader}"}
    assert (
        await harness.browser().post(MEASUREMENTS, json=sets, headers=headers)
    ).status_code == 403


async def test_a_form_with_a_fault_makes_no_token(harness: AppHarness) -> None:
    person = await harness.person()
    browser = await harness.signed_in()
    wrongs: tuple[dict[str, Any], ...] = (
        {"name": ""},
        {"name": "x" * 61},
        {"name": "a\u202eb"},
        {"days": "0"},
        {"days": "366"},
        {"days": "30.0"},
        {"days": ""},
        {"scope": []},
        {"scope": ["readmeasurements", "openid"]},
        {"data": "some"},
        {"from": "date", "from_date": "someday"},
        {"key": "not a key"},
        {"key": "A" * 42},
        {"key": "A" * 42 + "B"},  # not the one spelling of 32 bytes
        {"key": "{}"},
        {"key": '{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}'},
        {"key": '{"kty":"oct","k":"AAAA"}'},
        {"key": "x" * 5000},
        {"key": json.dumps(DPoPKey().key.as_dict(private=True))},
    )
    for wrong in wrongs:
        refused = await make(browser, **wrong)
        assert refused.status_code == 422, wrong
        assert "There is a problem" in refused.text
    await made(browser)
    assert "with this name already" in (await make(browser)).text
    await harness.person("bob@example.org", "Bob")
    listed = await harness.context.stores.personal_tokens.personal_tokens_of(person.id)
    bob = await harness.signed_in("bob@example.org")
    csrf = form_fields((await bob.get(NEW)).text)["csrf"]
    stolen = await bob.post(REVOKE, data={"csrf": csrf, "token": str(listed[0].id)})
    assert stolen.status_code == 404


async def test_a_new_token_needs_a_recent_sign_in(harness: AppHarness) -> None:
    await harness.person()
    browser = await harness.signed_in()
    csrf = form_fields((await browser.get(NEW)).text)["csrf"]
    harness.advance(minutes=11)
    for response in (
        await browser.get(NEW),
        await browser.post(NEW, data={"csrf": csrf, **CHOSEN}),
    ):
        assert response.status_code == 303
        assert response.headers["location"].startswith("/account/again")
    assert "No tokens yet" in (await browser.get(TOKENS)).text


async def test_it_is_revoked_at_once_and_reported(harness: AppHarness) -> None:
    person = await harness.person()
    browser = await harness.signed_in()
    token = await made(browser)
    csrf = form_fields((await browser.get("/account/export")).text)["csrf"]
    export = await browser.post("/account/export", data={"csrf": csrf})
    with ZipFile(BytesIO(export.content)) as archive:
        (exported,) = json.loads(archive.read("account/personal-tokens.json"))
    assert exported["name"] == "Grafana at home"
    assert exported["scope"] == "readmeasurements"
    (listed,) = await harness.context.stores.personal_tokens.personal_tokens_of(person.id)
    csrf = form_fields((await browser.get(TOKENS)).text)["csrf"]
    revoked = await browser.post(REVOKE, data={"csrf": csrf, "token": str(listed.id)})
    assert revoked.status_code == 303
    assert (await harness.call(token, MEASUREMENTS)).status_code == 401
    await harness.context.audit.flush()
    events = await harness.context.stores.events.events_of(person.id, 20)
    kinds = {event.kind: event.detail for event in events}
    assert kinds["personal_token.made"] == kinds["personal_token.revoked"] == "Grafana at home"
    subjects = [kept.mail.subject for kept in await harness.context.outbox.recent()]
    assert "A personal token was made" in subjects


@pytest.mark.parametrize("most", [0, 1])
async def test_the_operator_bounds_their_number(open_harness: OpenHarness, most: int) -> None:
    async with open_harness(accounts__personal_tokens_per_person=str(most)) as harness:
        await harness.person()
        browser = await harness.signed_in()
        if most == 0:
            assert (await browser.get(NEW)).headers["location"] == TOKENS
            assert "does not offer personal tokens" in (await browser.get(TOKENS)).text
            return
        await made(browser)
        refused = await make(browser, name="one more")
        assert refused.status_code == 400
        assert "as many tokens as this server allows" in refused.text


async def test_its_holder_ends_it_without_authentication(harness: AppHarness) -> None:
    """RFC 7009 §2: no client could authenticate for it. The response tells nothing."""
    person = await harness.person()
    app, browser = await harness.app(), await harness.signed_in()
    token, other = await made(browser), await made(browser, name="other")
    wrong = {"client_id": app.id, "client_secret": "wrong"}
    revoke = "/api/v2/oauth2/revoke"
    responses = [
        await harness.browser().post(revoke, data={"token": each, **more})
        for each, more in ((token, {}), (token, {}), ("qmp_" + "A" * 52, {}), (other, wrong))
    ]
    assert {(each.status_code, each.text) for each in responses} == {(200, "{}")}
    for each in (token, other):
        assert (await harness.call(each, MEASUREMENTS)).status_code == 401
    nothing = await harness.browser().post(revoke, data={"token": "qmp_"})
    assert (nothing.status_code, nothing.json()["error"]) == (401, "invalid_client")
    in_address = await harness.browser().post(f"{revoke}?token={token}")
    assert in_address.status_code in (400, 401)
    await harness.context.audit.flush()
    events = await harness.context.stores.events.events_of(person.id, 20)
    revoked = [each for each in events if each.kind == "personal_token.revoked"]
    assert {(each.detail, each.address) for each in revoked} == {
        ("Grafana at home", "192.0.2.7"),
        ("other", "192.0.2.7"),
    }
    assert len(revoked) == 2


async def _mails_about_ended(harness: AppHarness) -> list[str]:
    return [
        kept.mail.text
        for kept in await harness.context.outbox.recent()
        if kept.mail.subject == "Your personal tokens were revoked"
    ]


async def test_a_sign_out_everywhere_ends_them_if_its_person_says_so(harness: AppHarness) -> None:
    await harness.person()
    await harness.person("bob@example.org", "Bob")
    of_bob = await made(await harness.signed_in("bob@example.org"))
    browser, sessions = await harness.signed_in(), "/account/sessions"
    for chosen in ({}, {"end_tokens": "yes"}):
        await harness.signed_in()
        token = await made(browser, name=f"cron {len(chosen)}")
        page = (await browser.get(sessions)).text
        assert "Revoke" in page
        assert 'name="end_tokens" value="yes" checked' not in page
        fields = {"csrf": form_fields(page)["csrf"], **chosen}
        assert (await browser.post(f"{sessions}/end-others", data=fields)).status_code == 303
        ended = 401 if chosen else 200
        assert (await harness.call(token, MEASUREMENTS)).status_code == ended
    (mail,) = await _mails_about_ended(harness)
    assert "– cron 0\n– cron 1" in mail
    await harness.signed_in()
    assert "end_tokens" not in (await browser.get(sessions)).text, "there is none to end"
    assert (await harness.call(of_bob, MEASUREMENTS)).status_code == 200


async def test_a_new_password_ends_them_if_its_person_says_so(harness: AppHarness) -> None:
    await harness.person()
    browser, path = await harness.signed_in(), "/account/security/password"
    token = await made(browser)
    page = (await browser.get(path)).text
    assert 'name="end_tokens" value="yes" checked' not in page
    fields = {**form_fields(page), "current": "wrong", "password": NEW_PASSWORD}
    refused = await browser.post(path, data={**fields, "end_tokens": "yes"})
    assert refused.status_code == 400
    assert 'name="end_tokens" value="yes" checked' in refused.text
    assert (await harness.call(token, MEASUREMENTS)).status_code == 200, "nothing was changed"
    changed = {**fields, "current": PASSWORD, "end_tokens": "yes"}
    assert (await browser.post(path, data=changed)).status_code == 303
    assert (await harness.call(token, MEASUREMENTS)).status_code == 401
    (mail,) = await _mails_about_ended(harness)
    assert "– Grafana at home" in mail


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_forgotten_password_ends_them_unless_its_person_keeps_them(
    harness: AppHarness, keeps: bool
) -> None:
    await harness.person()
    token, stranger = await made(await harness.signed_in()), harness.browser()
    csrf = form_fields((await stranger.get("/reset")).text)
    await stranger.post("/reset", data={**csrf, "email": "ann@example.org"})
    texts = [kept.mail.text for kept in await harness.context.outbox.recent()]
    (link,) = re.findall(r"/reset/new\?token=\S+", "\n".join(texts))
    await stranger.get(link)
    page = (await stranger.get("/reset/new")).text
    assert 'name="end_tokens" value="yes" checked' in page, "chosen already"
    assert "Grafana" not in page
    fields = {**form_fields(page), "password": NEW_PASSWORD}
    sent = fields if keeps else {**fields, "end_tokens": "yes"}
    assert (await stranger.post("/reset/new", data=sent)).status_code == 303
    assert (await harness.call(token, MEASUREMENTS)).status_code == (200 if keeps else 401)
    assert len(await _mails_about_ended(harness)) == (0 if keeps else 1)


@pytest.mark.parametrize("given", ["jwk", "thumbprint"])
async def test_rfc9449_7_a_token_that_is_bound_to_a_key_works_with_its_proofs_alone(
    open_harness: OpenHarness, given: str
) -> None:
    async with open_harness(dpop__nonce="optional") as harness:
        await harness.person()
        key, attacker = DPoPKey(), DPoPKey()
        browser = await harness.signed_in()
        text = key.thumbprint if given == "thumbprint" else json.dumps(key.public())
        token = await made(browser, key=f" {text} ")
        assert key.thumbprint in (await browser.get(TOKENS)).text
        assert (await call(harness, key, token, MEASUREMENTS)).status_code == 200
        as_bearer = await harness.call(token, MEASUREMENTS)
        assert as_bearer.status_code == 401
        assert "bound to a key" in as_bearer.headers["www-authenticate"]
        assert "DPoP algs=" in as_bearer.headers["www-authenticate"]
        assert (await call(harness, attacker, token, MEASUREMENTS)).status_code == 401
        alone = await harness.browser().get(
            MEASUREMENTS, headers={"authorization": f"DPoP {token}"}
        )
        assert alone.status_code == 401
        once = key.proof(harness.context.clock.now(), MEASUREMENTS, "GET", ath=token_hash(token))
        headers = {"authorization": f"DPoP {token}", "dpop": once}
        for status in (200, 401):  # RFC 9449 §11.1: a proof is used once
            response = await harness.browser().get(MEASUREMENTS, headers=headers)
            assert response.status_code == status
        refused = await call(harness, key, token, ME)
        assert refused.status_code == 403
        # A token without a key stays a bearer token.
        plain = await made(browser, name="plain")
        assert (await harness.call(plain, MEASUREMENTS)).status_code == 200
        assert (await call(harness, key, plain, MEASUREMENTS)).status_code == 401
        await harness.context.accesses.flush()
        assert "Grafana at home" in (await browser.get("/account/activity")).text
        csrf = form_fields((await browser.get("/account/export")).text)["csrf"]
        export = await browser.post("/account/export", data={"csrf": csrf})
        with ZipFile(BytesIO(export.content)) as archive:
            exported = json.loads(archive.read("account/personal-tokens.json"))
        assert {each["name"]: each["key"] for each in exported} == {
            "Grafana at home": key.thumbprint,
            "plain": None,
        }
        # Who holds it may end it, also without the key.
        await harness.browser().post("/api/v2/oauth2/revoke", data={"token": token})
        assert (await call(harness, key, token, MEASUREMENTS)).status_code == 401


async def test_a_private_key_is_refused_and_not_shown_again(harness: AppHarness) -> None:
    await harness.person()
    private = json.dumps(DPoPKey().key.as_dict(private=True))
    browser = await harness.signed_in()
    refused = await make(browser, key=private)
    assert "This is a private key" in refused.text
    assert json.loads(private)["d"] not in refused.text
    refused = await make(browser, key=private, scope=[])
    assert json.loads(private)["d"] not in refused.text
