"""RFC 9110 §5.3: a header that may be sent once, and others that may be repeated."""

import pytest

from quantimodo.http.messages import RepeatedHeader, Request
from support.app import TOKEN, AppHarness


def test_a_header_is_read_beside_a_repeated_one() -> None:
    request = Request(
        "POST",
        "/",
        b"",
        [(b"accept", b"a/b"), (b"dpop", b"proof"), (b"accept", b"c/d"), (b"dpop-2", b"x")],
        b"",
    )
    assert request.header(b"dpop") == "proof"
    assert request.header(b"missing") is None
    with pytest.raises(RepeatedHeader):
        request.header(b"accept")
    assert request.header(b"dpop-2") == "x"


def test_a_repeated_header_is_refused_even_with_one_value() -> None:
    request = Request("POST", "/", b"", [(b"dpop", b"proof"), (b"dpop", b"proof")], b"")
    for _ in range(2):
        with pytest.raises(RepeatedHeader):
            request.header(b"dpop")


async def test_a_value_that_is_the_name_of_a_header_is_no_header(harness: AppHarness) -> None:
    app = await harness.app()
    form = f"grant_type=client_credentials&client_id={app.id}&client_secret={app.secret}"
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-note": "content-encoding",
        "accept": "gzip",
    }
    response = await harness.browser().post(TOKEN, content=form, headers=headers)
    assert response.status_code == 200
