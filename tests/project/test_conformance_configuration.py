"""`scripts/conformance` makes what the conformance suite of the OpenID Foundation needs: the pages
have the inputs and buttons that its browser uses, and its applications can be registered."""

import re
from importlib.machinery import SourceFileLoader
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

from support.app import AUTHORIZE, ISSUER, AppHarness, OpenHarness

LOGOUT = "/api/v2/oauth2/logout"
GIVEN = ("--suite", "https://suite.example.org:8443", "--issuer", ISSUER)
CSS = {"button[type=submit]": '<button class="button wide" type="submit">'}


def script() -> ModuleType:
    path = Path(__file__).parents[2] / "scripts" / "conformance"
    loader = SourceFileLoader("conformance_script", str(path))
    module = ModuleType(loader.name)
    loader.exec_module(module)
    return module


def elements(tasks: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Task, kind of the selector, selector, of each element that the browser uses."""
    return {
        (task["task"], kind, target)
        for task in tasks
        for _, kind, target, *_ in task["commands"]
        if kind != "xpath"
    }


def has(page: str, kind: str, target: str) -> bool:
    return (CSS[target] if kind == "css" else f'{kind}="{target}"') in page


BEHIND_PROXY = {"trusted_proxies": "127.0.0.1/32", "mtls__certificate_header": "Client-Cert"}


async def test_the_pages_have_what_the_browser_of_the_suite_uses(harness: AppHarness) -> None:
    module = script()
    chosen = module.arguments(["oidc", *GIVEN])
    authorize, logout = module.oidc(chosen, "some password")["browser"]
    denying, _ = module.browser(chosen, "some password", "deny")
    await harness.person()
    app = await harness.app()
    anonymous, browser = harness.browser(), await harness.signed_in()
    response = await harness.ask(anonymous, app)
    rejected = await browser.get(AUTHORIZE, params={"client_id": "unknown"})
    pages = {
        "Sign in": (await anonymous.get(response.headers["location"])).text,
        "Consent": (await harness.ask(browser, app)).text,
        "Rejected": rejected.text,
        "Sign out": (await browser.get(LOGOUT)).text,
    }
    used = elements([*authorize["tasks"], *denying["tasks"], *logout["tasks"]])
    ours = {each for each in used if each[0] != "Done"}  # the last page is the suite's
    assert {task for task, *_ in ours} == {"Sign in", "Consent", "Sign out"}
    for name, kind, target in ours:
        assert has(pages[name], kind, target), (name, kind, target)
    [patterns] = [task["commands"] for task in authorize["tasks"] if task["task"] == "Rejected"]
    assert all(re.search(command[4], pages["Rejected"]) for command in patterns)
    assert response.headers["location"].startswith("/sign-in")


async def test_the_applications_of_each_variant_can_be_registered(
    open_harness: OpenHarness,
) -> None:
    module = script()
    key = module.generate_private_key(65537, 2048)
    async with open_harness(registration__mode="open", **BEHIND_PROXY) as harness:
        for kind, auth, sender in product(
            ("fapi2", "fapi2_message_signing"), ("private_key_jwt", "mtls"), ("dpop", "mtls")
        ):
            given = ("--auth", auth, "--sender", sender, "--signed-requests")
            chosen = module.arguments([kind, *GIVEN, *given])
            metadata = module.fapi_registration(chosen, module.jwk(key, "some-key"))
            response = await harness.browser().post("/api/v2/oauth2/register", json=metadata)
            assert response.status_code == 201, (chosen, response.text)
            found = response.json()
            assert {name: found[name] for name in metadata} == metadata
            assert found["jwks"]["keys"][0].keys() == {"kty", "alg", "use", "kid", "n", "e"}
    assert "PRIVATE" in module.pem(key)
    assert "CERTIFICATE" in module.certificate(key, "some-key")
