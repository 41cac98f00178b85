"""security.md §12: what no client of ours would send is a 4xx, never a 5xx, never a success."""

import pytest
from test_forged_tokens import ATTACKER, a_jwt, check_refused

from support.app import AppHarness, form_fields
from support.jwt_forgery import claims_of, es256, forge, header_of

# Codecs that Python knows and browsers do not: they make half a surrogate pair of plain ASCII.
CODECS = [("unicode_escape", b"\\ud800"), ("raw_unicode_escape", b"\\ud800"), ("utf-7", b"+2AA-")]


async def test_a_header_with_a_member_of_the_wrong_type_is_a_bad_token(harness: AppHarness) -> None:
    app, token = await a_jwt(harness)
    header, claims = header_of(token), claims_of(token)
    for odd in (
        {"crit": 5},
        {"crit": True},
        {"crit": {"exp": 1}},
        {"crit": [5]},
        {"crit": [[]]},
        {"b64": 5},
        {"b64": False, "crit": ["b64"]},
        {"alg": []},
        {"alg": {}},
        {"alg": None},
        {"typ": 5},
        {"typ": ["at+jwt"]},
        {"jwk": 5},
        {"x5c": 1},
        {"zip": 1},
    ):
        forged = forge({**header, **odd}, claims, es256(ATTACKER))
        await check_refused(harness, app, forged, odd)


@pytest.mark.parametrize(("codec", "text"), CODECS)
@pytest.mark.parametrize("field", ["csrf", "username", "password", "return_to", "unknown"])
async def test_a_form_in_an_odd_encoding_is_refused(
    harness: AppHarness, codec: str, text: bytes, field: str
) -> None:
    browser = harness.browser()
    page = await browser.get("/sign-in")
    fields = {name: value.encode() for name, value in form_fields(page.text).items()}
    response = await browser.post(
        "/sign-in",
        content=multipart({**fields, "username": b"ann", "password": b"x", field: text}),
        headers={"content-type": f"multipart/form-data; boundary=limit; charset={codec}"},
    )
    assert 400 <= response.status_code < 500


def multipart(fields: dict[str, bytes]) -> bytes:
    parts = (
        b'--limit\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (name.encode(), value)
        for name, value in fields.items()
    )
    return b"".join(parts) + b"--limit--\r\n"
