"""No text in an address leads to a 5xx, also where the engine refuses the text itself.

PostgreSQL keeps no NUL in a text, and says so by an error where SQLite says nothing.
"""

from urllib.parse import quote_plus

import pytest
from test_every_page_there_is import pages_of, person_with_an_app

from support.app import AppHarness, form_fields
from support.page_site import Fields

ODD = ["%00", "a%00b", "%E2%80%AE%00", "%ED%A0%80", "%FF%FE", "x" * 4000]


@pytest.mark.parametrize("odd", ODD)
async def test_an_id_that_cannot_be_is_nothing(
    harness_of_each_engine: AppHarness, odd: str
) -> None:
    await harness_of_each_engine.person()
    browser = await harness_of_each_engine.signed_in()
    csrf = form_fields((await browser.get("/account/profile")).text)["csrf"]
    for path, status in {
        f"/account/apps/{odd}/revoke": 303,
        f"/account/apps/{odd}": 404,
        f"/account/apps/{odd}/receipts/1/mail": 404,
        f"/developers/apps/{odd}/sign-in": 404,
        f"/developers/apps/{odd}/secret": 404,
        f"/developers/apps/{odd}/danger": 404,
        f"/developers/apps/{odd}/logo": 404,
    }.items():
        response = await browser.post(path, data={"csrf": csrf})
        assert response.status_code == status, path
    for path in (
        f"/account/apps/{odd}",
        f"/account/apps/{odd}/receipts/1/receipt.jwt",
        f"/developers/apps/{odd}",
        f"/logos/{odd}",
        f"/static/{odd}",
    ):
        assert (await browser.get(path)).status_code == 404, path
    for method in ("GET", "DELETE"):
        response = await browser.request(
            method, f"/api/v2/oauth2/register/{odd}", headers={"authorization": "Bearer x"}
        )
        assert response.status_code in (400, 401), odd


# As they stand in a form's body: what a database, a number, a date or an address chokes on.
_ODD_VALUES = (
    *("%00", "a%00b", "%ED%A0%80", "%FF", "%EF%BF%BF", "%E2%80%AE", "%0D%0Aa%3A+b", "%C2%B2"),
    *("9" * 30, "-1", "nan", "1e999", "x" * 9000, "9999-12-31T23%3A59", "%5B%5D", ""),
)
_LEAVING = ("/sign-out", "/account/delete", "/danger", "/revoke")


@pytest.mark.slow
async def test_no_text_in_any_field_of_any_form_is_an_error_of_ours(
    harness_of_each_engine: AppHarness,
) -> None:
    browser, named = await person_with_an_app(harness_of_each_engine)
    known: dict[tuple[str, ...], dict[str, str]] = {}
    for path in pages_of(harness_of_each_engine, "GET"):
        page, parser = await browser.get(path.format(**named)), Fields()
        parser.feed(page.text)
        for action, fields in parser.forms:
            if not action.endswith(_LEAVING):
                known[action, *fields] = {
                    name: quote_plus(value if isinstance(value, str) else value[0])
                    for name, value in fields.items()
                }
    for (action, *names), fields in known.items():
        for name in names:
            for odd in _ODD_VALUES:
                sent = {**fields, name: odd}
                response = await browser.post(
                    action,
                    content="&".join(f"{each}={text}" for each, text in sent.items()),
                    headers={"content-type": "application/x-www-form-urlencoded"},
                )
                assert response.status_code < 500, (action, name, odd[:20])
    assert len(known) > 12
