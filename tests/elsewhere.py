"""A provider of sign-ins that behaves as a test asks it to, and a browser's way there and back.

It stands at the seam (`providers/contract.py`): for tests of what is done with what a provider
says. What real ones say is tested in tests/providers, and over the wire with the sandbox.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from quantimodo.model.identities import Profile
from quantimodo.model.secrets import Secret
from quantimodo.providers.contract import (
    BadCode,
    BadToken,
    ForeignToken,
    Journey,
    Notice,
    PersonDeclined,
    ProviderFault,
    ProviderNonsense,
)
from world import CALLBACK, World, form_fields

LOGIN = "/api/v2/auth/social/login"
AUTHORIZE_CODE = "/api/v2/auth/social/authorizeCode"
AUTHORIZE_TOKEN = "/api/v2/auth/social/authorizeToken"
BACK = "/api/v2/auth/social/callback"


def profile(provider: str = "google", subject: str = "108", **changes: Any) -> Profile:
    """Somebody with an account there, and no e-mail address unless one is given."""
    values: dict[str, Any] = {
        "provider": provider,
        "issuer": f"https://{provider}.example",
        "subject": subject,
        "name": "Gia Example",
        "methods": ("fed",),
    }
    return Profile(**{**values, **changes})


@dataclass(slots=True)
class Elsewhere:
    """`people`: whom a code or a token of it stands for. `fault`: what goes wrong with every
    question it is asked; `out_of_reach`: what goes wrong before a browser is sent there."""

    name: str = "google"
    title: str = "Google"
    answers_by_post: bool = False
    people: dict[str, Profile] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset({"foreign-token"})
    fault: Exception | None = None
    out_of_reach: ProviderFault | None = None
    journeys: list[Journey] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def destination(self) -> str:
        return f"https://{self.name}.example"

    async def authorization_url(self, journey: Journey) -> str:
        if self.out_of_reach is not None:
            raise self.out_of_reach
        self.journeys.append(journey)
        query = {
            "state": journey.state.reveal(),
            "nonce": journey.nonce,
            "redirect_uri": journey.redirect_uri,
        }
        return f"https://{self.name}.example/authorize?{urlencode(query)}"

    async def arrive(self, answer: Mapping[str, str], journey: Journey) -> Profile:
        if self.fault is not None:
            raise self.fault
        if "error" in answer:
            raise PersonDeclined("The sign-in was declined at the provider.")
        sent = next(one for one in self.journeys if one.state.reveal() == answer["state"])
        if _revealed(sent) != _revealed(journey):
            raise ProviderNonsense("The journey is not the one that began here.")
        return self._person(answer.get("code", ""), BadCode("The code is not good."))

    async def redeem(self, code: Secret, redirect_uri: str | None) -> Profile:
        self.asked.append(("redeem", code.reveal(), redirect_uri))
        return self._person(code.reveal(), BadCode("The code is not good."))

    async def recognise(
        self, token: Secret, refresh_token: Secret | None, nonce: str | None
    ) -> Profile:
        self.asked.append(("recognise", token.reveal(), nonce))
        if token.reveal() in self.foreign:
            raise ForeignToken("The token was issued to another application.")
        person = self._person(token.reveal(), BadToken("The token is not good."))
        return replace(person, refresh_token=refresh_token)

    async def notices(self, media_type: str, body: bytes) -> Sequence[Notice]:
        """`{"kind": …, "subject": …, "id": …}`, signed if it says so."""
        if self.fault is not None:
            raise self.fault
        said = json.loads(body)
        if said.pop("signed", False) is not True:
            raise BadToken("The message is not signed by the provider.")
        return [Notice(issuer=f"https://{self.name}.example", **said)]

    def _person(self, proof: str, otherwise: ProviderFault) -> Profile:
        if self.fault is not None:
            raise self.fault
        if proof not in self.people:
            raise otherwise
        return self.people[proof]


def _revealed(journey: Journey) -> tuple[Any, ...]:
    return (
        journey.state.reveal(),
        journey.nonce,
        journey.verifier.reveal(),
        journey.redirect_uri,
        journey.fresh,
    )


async def depart(
    browser: httpx.AsyncClient, provider: str = "google", **changes: str | None
) -> httpx.Response:
    """Contract §2.1; a parameter that is None is left out."""
    asked: dict[str, str | None] = {"provider": provider, "redirectUrl": CALLBACK, **changes}
    query = {name: value for name, value in asked.items() if value is not None}
    return await browser.get(LOGIN, params=query)


def state_of(departed: httpx.Response) -> str:
    """The `state` that the browser was sent away with."""
    assert departed.status_code == 303, departed.text
    return dict(parse_qsl(urlsplit(departed.headers["location"]).query))["state"]


async def come_back(
    browser: httpx.AsyncClient, state: str, provider: str = "google", **answer: str
) -> httpx.Response:
    """The provider's answer by redirect: by default, the code that stands for `gia`."""
    answer = answer or {"code": "gia"}
    return await browser.get(f"{BACK}/{provider}", params={**answer, "state": state})


async def there_and_back(
    browser: httpx.AsyncClient, provider: str = "google", code: str = "gia", **changes: str | None
) -> httpx.Response:
    """The whole of contract §2.1 to §2.4."""
    state = state_of(await depart(browser, provider, **changes))
    return await come_back(browser, state, provider, code=code)


def brought(response: httpx.Response, to: str = CALLBACK) -> dict[str, str]:
    """The parameters of a redirect to the app."""
    assert response.status_code == 303, response.text
    location = response.headers["location"]
    assert location.startswith(to), location
    pairs = parse_qsl(urlsplit(location).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


async def login_code(world: World, **changes: str | None) -> str:
    """A login code that has just been brought to the app."""
    to = changes.get("redirectUrl") or CALLBACK
    return brought(await there_and_back(world.browser(), **changes), to)["code"]


async def redeem_login(world: World, code: str, **changes: str | None) -> httpx.Response:
    """Contract §2.5."""
    asked: dict[str, str | None] = {"provider": "google", "code": code, **changes}
    query = {name: value for name, value in asked.items() if value is not None}
    return await world.browser().get(AUTHORIZE_CODE, params=query)


async def login_token(world: World, **changes: str | None) -> str:
    """A login JWT, by way of a browser and a login code."""
    answer = await redeem_login(world, await login_code(world, **changes))
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["data"]["token"]
    return token


async def sign_in_with(
    browser: httpx.AsyncClient, provider: str = "google", return_to: str = "/account/profile"
) -> httpx.Response:
    """By a button of the sign-in page."""
    departed = await browser.get(f"/sign-in/with/{provider}", params={"return_to": return_to})
    return await come_back(browser, state_of(departed), provider)


async def begin_linking(browser: httpx.AsyncClient, provider: str = "google") -> httpx.Response:
    """By a button of the page of linked accounts."""
    page = await browser.get("/account/identities")
    assert page.status_code == 200, page.text
    fields = {"csrf": form_fields(page.text)["csrf"], "provider": provider}
    return await browser.post("/account/identities/link", data=fields)


def is_page(response: httpx.Response, status: int = 400) -> bool:
    """An error page, and nothing that leads elsewhere."""
    assert response.status_code == status, response.text
    assert "location" not in response.headers
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    return True


def way_cookies(browser: httpx.AsyncClient) -> dict[str, str]:
    """Those that bind a browser to its ways to providers."""
    return {
        cookie.name: cookie.value or ""
        for cookie in browser.cookies.jar
        if cookie.name.startswith("__Host-quantimodo_login_state_")
    }
