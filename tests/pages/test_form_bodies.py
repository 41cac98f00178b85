"""Bodies that no form of ours sends: a clear 4xx, nothing changed (security.md §12)."""

import pytest

from support.page_site import Visitor

FORM = "application/x-www-form-urlencoded"
PART = b'--x\r\ncontent-disposition: form-data; name="csrf"\r\n\r\na\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"username=a&username=b&password=c", FORM, 403),
        (b"csrf=a&csrf=b", FORM, 400),
        (b"username=%ff%fe", FORM, 400),
        (b"username=\xff", FORM, 400),
        (b"username=a%00b", FORM, 400),
        (b"&".join(b"f%d=1" % number for number in range(65)), FORM, 400),
        (b"username=" + b"a" * 410_000, FORM, 413),
        (b'{"username": "a"}', "application/json", 415),
        (b"username=a", "", 415),
        (b"username=a", "text/plain", 415),
        (b"--x\r\nnonsense", "multipart/form-data", 400),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 403),
        (PART, "multipart/form-data; boundary=x; charset=zlib_codec", 403),
        (PART, "multipart/form-data; boundary=x; charset=nonsense", 403),
        (b"--y\r\n\r\n--y--", "multipart/form-data; boundary=x", 400),
    ],
)
async def test_a_body_that_is_not_a_form_is_refused(
    visitor: Visitor, body: bytes, media_type: str, status: int
) -> None:
    await visitor.get("/sign-in")
    response = await visitor.http.post(
        "/sign-in", content=body, headers={"content-type": media_type}
    )
    assert response.status_code == status
    assert "<h1>" in response.text


async def test_a_field_that_is_sent_twice_is_refused_even_in_a_form_of_ours(
    visitor: Visitor,
) -> None:
    fields = await visitor.form("/sign-in")
    for name in ("username", "password", "return_to"):
        doubled = {"username": "a", "password": "b", **fields, name: ["a", "b"]}
        response = await visitor.http.post("/sign-in", data=doubled)
        assert response.status_code == 400


async def test_a_page_asked_for_in_another_way_is_refused(visitor: Visitor) -> None:
    for method, path in (("POST", "/account"), ("PUT", "/sign-in"), ("DELETE", "/")):
        assert (await visitor.http.request(method, path)).status_code == 405
