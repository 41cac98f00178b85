"""/docs/try: Swagger UI as it was pinned, and who may send calls by it (decision 0030)."""

import gzip
import hashlib
import json
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.resources import files

from quantimodo.openapi.document import openapi_document
from quantimodo.pages.reference.document import callable_operations
from support.app import ISSUER, AppHarness

FOLDER = files("quantimodo.pages") / "swagger_ui"
PINS = json.loads((FOLDER / "pins.json").read_text("utf-8"))
SERVED = ("swagger-ui-bundle.js", "swagger-ui.css")


def test_the_files_are_those_that_are_pinned_with_their_licences() -> None:
    assert PINS["sha256"].keys() >= {*SERVED, "LICENSE", "NOTICE"}
    for name, expected in PINS["sha256"].items():
        if name in SERVED:
            data = gzip.decompress((FOLDER / f"{name}.gz").read_bytes())
        else:
            data = (FOLDER / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == expected, name
    assert b"Apache License" in (FOLDER / "LICENSE").read_bytes()
    stored = {each.name.removesuffix(".gz") for each in FOLDER.iterdir()}
    assert stored == {*PINS["sha256"], "pins.json"}


def test_operations_that_no_person_calls_are_left_out() -> None:
    document = openapi_document(ISSUER, legacy_transport=True, agents=True)
    found = callable_operations(document)
    assert {"getTokens", "addMeasurements", "getUser", "getMetadata"} <= found.keys()
    others = {
        *("authorize", "checkSession", "providerCallback", "providerNotification"),
        *("getTokensByAddress", "getTokensAlias", "getUserInfoByForm", "getMetrics"),
    }
    everything = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
    }
    assert others <= everything - found.keys()
    for operation in found.values():
        names = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        assert not names & {"access_token", "client_secret", "code", "refresh_token", "token"}


async def test_browsers_get_them_and_keep_them_by_their_version(harness: AppHarness) -> None:
    page = (await harness.browser().get("/docs/try")).text
    for name in SERVED:
        address = f"/docs/swagger-ui/{name}?v={PINS['version']}"
        assert f'"{address}"' in page
        response = await harness.browser().get(address)
        assert hashlib.sha256(response.content).hexdigest() == PINS["sha256"][name]
        assert response.headers["content-encoding"] == "gzip"
        assert response.headers["cache-control"] == "public, max-age=31536000"
        assert response.headers["x-content-type-options"] == "nosniff"
        other = await harness.browser().get(f"/docs/swagger-ui/{name}?v=1")
        assert other.headers["cache-control"] == "public, max-age=3600"


async def test_only_who_is_signed_in_sends_calls_in_production(
    open_harness: Callable[..., AbstractAsyncContextManager[AppHarness]],
) -> None:
    async with open_harness() as harness:
        await harness.person()
        for browser, sends in ((harness.browser(), False), (await harness.signed_in(), True)):
            page = (await browser.get("/docs/try")).text
            (place,) = re.findall(r'<section id="swagger-ui"[^>]*>', page)
            assert ("data-sends" in place) is sends
            assert ("Sign in</a> to send calls" in page) is not sends
            assert "<noscript>" in page
