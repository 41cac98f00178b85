"""RFC 9110 §8.4, §15.5.16: a compressed body is 415 on every endpoint that reads a body."""

import gzip

import pytest

from support.app import INTROSPECT, REVOKE, TOKEN, USERINFO, AppHarness

FORM = "application/x-www-form-urlencoded"
PATHS = [
    (TOKEN, "POST"),
    (INTROSPECT, "POST"),
    (REVOKE, "POST"),
    (USERINFO, "POST"),
    ("/api/v1/measurements", "POST"),
    ("/api/v2/measurements/1", "PUT"),
    ("/api/v2/oauth2/register", "POST"),
    ("/sign-in", "POST"),
    ("/account/data/import", "POST"),
]


@pytest.mark.parametrize(("path", "method"), PATHS)
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZip", "identity, gzip"])
async def test_a_compressed_body_is_refused(
    harness: AppHarness, path: str, method: str, encoding: str
) -> None:
    headers = {"content-encoding": encoding, "content-type": FORM}
    response = await harness.browser().request(
        method, path, content=gzip.compress(b"a=b"), headers=headers
    )
    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "identity"
    assert response.json()["error"] == "invalid_request"


async def test_identity_is_not_an_encoding(harness: AppHarness) -> None:
    response = await harness.browser().post(
        TOKEN, data={}, headers={"content-encoding": "identity"}
    )
    assert response.status_code == 400
