"""Authenticated requests (RFC 6750 §2): in the header, in a form, in the query, and one only."""

import httpx

from support.app import ME, USERINFO, AppHarness

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def a_token(harness: AppHarness, **changes: str) -> str:
    await harness.person()
    token: str = (await harness.tokens(await harness.app(), **changes))["access_token"]
    return token


def is_refused(response: httpx.Response, status: int, error: str) -> bool:
    return (
        response.status_code == status
        and response.json()["error"] == error
        and f'error="{error}"' in response.headers["www-authenticate"]
    )


async def test_a_token_in_the_header(harness: AppHarness) -> None:
    token = await a_token(harness)
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"authorization": f"{scheme} {token}"}
        assert (await harness.browser().get(ME, headers=headers)).status_code == 200


async def test_a_token_in_the_query(harness: AppHarness) -> None:
    token = await a_token(harness)
    response = await harness.browser().get(ME, params={"access_token": token})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    encoded = await harness.browser().get(f"{ME}?access%5Ftoken={token}")
    assert encoded.status_code == 200, "a name may be percent-encoded"


async def test_a_token_in_a_form(harness: AppHarness) -> None:
    token = await a_token(harness, scope="openid")
    response = await harness.browser().post(USERINFO, data={"access_token": token})
    assert response.status_code == 200


async def test_a_form_needs_its_content_type_and_a_body_needs_a_post(harness: AppHarness) -> None:
    token = await a_token(harness, scope="openid basic")
    browser = harness.browser()
    text = f"access_token={token}"
    for kind in ("text/plain", "application/json", ""):
        response = await browser.post(USERINFO, content=text, headers={"content-type": kind})
        assert response.status_code == 401, kind
    json = await browser.post(USERINFO, json={"access_token": token})
    assert json.status_code == 401
    get = await browser.request("GET", ME, content=text, headers=FORM)
    assert get.status_code == 401


async def test_more_than_one_way_is_refused_even_with_one_token(harness: AppHarness) -> None:
    token = await a_token(harness, scope="openid basic")
    browser, header = harness.browser(), {"authorization": f"Bearer {token}"}
    query = {"access_token": token}
    for response in (
        await browser.get(ME, params=query, headers=header),
        await browser.get(ME, params={"access_token": "other"}, headers=header),
        await browser.get(f"{ME}?access%5Ftoken={token}", headers=header),
        await browser.post(USERINFO, data=query, headers=header),
        await browser.post(USERINFO, data=query, params=query),
    ):
        assert is_refused(response, 400, "invalid_request"), response.text


async def test_a_doubled_parameter_is_refused(harness: AppHarness) -> None:
    token = await a_token(harness, scope="openid basic")
    text = f"access_token={token}&access_token={token}"
    browser = harness.browser()
    for response in (
        await browser.get(f"{ME}?{text}"),
        await browser.post(USERINFO, content=text, headers=FORM),
    ):
        assert is_refused(response, 400, "invalid_request")


async def test_a_doubled_header_is_refused(harness: AppHarness) -> None:
    value = f"Bearer {await a_token(harness)}"
    response = await harness.browser().get(
        ME, headers=[("authorization", value), ("authorization", value)]
    )
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"


async def test_an_empty_token_is_as_if_absent(harness: AppHarness) -> None:
    token = await a_token(harness)
    browser = harness.browser()
    # v2-api.md §1: clients of 2016 send the header empty on every call.
    for empty in ("Bearer ", "Bearer"):
        headers = {"authorization": empty}
        assert (await browser.get(ME, headers=headers)).status_code == 401
        by_query = await browser.get(ME, headers=headers, params={"access_token": token})
        assert by_query.status_code == 200
    by_header = await browser.get(
        ME, headers={"authorization": f"Bearer {token}"}, params={"access_token": ""}
    )
    assert by_header.status_code == 200


async def test_odd_spacing_is_never_a_success(harness: AppHarness) -> None:
    token = await a_token(harness)
    for value in (
        f"Bearer  {token}",
        f"Bearer\t{token}",
        f"Bearer {token} {token}",
        f"Bearer {token},",
        f"Bearer {token}, Bearer {token}",
        f'Bearer "{token}"',
        f"Bearer:{token}",
        f"Bearer={token}",
        f"Bearer{token}",
        f"Bearer token={token}",
        f"Token {token}",
        token,
    ):
        response = await harness.browser().get(ME, headers={"authorization": value})
        assert response.status_code == 401, value
        assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_malformed_or_endless_token_is_invalid(harness: AppHarness) -> None:
    for token in ("qma_", "qma_é", "%00", "=", "a" * 4097, "a" * 9000):
        headers = {b"authorization": f"Bearer {token}".encode()}
        response = await harness.browser().get(ME, headers=headers)
        assert is_refused(response, 401, "invalid_token"), token[:9]
