"""One live server for all clients that are driven here, and the apps that they are."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count

import pytest
import pytest_asyncio

from live import Live, open_live
from quantimodo.model.users import User
from world import App

CALLBACK = "https://app.example.org/callback"
SCOPE = "basic email offline_access openid profile"


@dataclass(frozen=True, slots=True)
class Ground:
    """What one test stands on: the server, an app registered there, and a person of its own."""

    live: Live
    app: App
    person: User

    @property
    def issuer(self) -> str:
        return self.live.address

    @property
    def email(self) -> str:
        assert self.person.email is not None
        return self.person.email

    async def allow(self, url: str) -> str:
        """What the person does with an authorization URL; where it takes them."""
        return await self.live.allow(url, self.email)

    def check_claims(self, claims: dict[str, object]) -> None:
        """ID token claims that a client has verified."""
        assert claims["iss"] == self.issuer
        assert claims["aud"] == self.app.id
        assert claims["sub"] == self.person.subject

    def check_userinfo(self, info: dict[str, object]) -> None:
        assert info["sub"] == self.person.subject
        assert info["email"] == self.person.email
        assert info["email_verified"] is True
        assert info["name"] == self.person.name


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    async with open_live(tmp_path_factory.mktemp("interop")) as opened:
        yield opened


_numbers = count(1)


@pytest_asyncio.fixture(
    loop_scope="session",
    params=["confidential-opaque", "confidential-jwt", "public-opaque", "public-jwt"],
)
async def ground(site: Live, request: pytest.FixtureRequest) -> Ground:
    """Both kinds of app with both kinds of access token, and both algorithms of ID tokens."""
    kind, _, token_format = request.param.partition("-")
    app = await site.app(
        CALLBACK,
        public=kind == "public",
        token_format=token_format,
        id_token_alg="ES256" if token_format == "jwt" else "RS256",
    )
    person = await site.person(f"person{next(_numbers)}@example.org", "Ann Example")
    return Ground(site, app, person)


@pytest_asyncio.fixture(loop_scope="session", params=["opaque", "jwt"])
async def machine(site: Live, request: pytest.FixtureRequest) -> App:
    """An app that acts for itself."""
    return await site.app(CALLBACK, token_format=request.param)
