"""The setup of tests with clients of other projects: a live server, an app, a person."""

from dataclasses import dataclass

from quantimodo.model.users import User
from support.app import App
from support.live_server import Live

SCOPE = "basic email offline_access openid profile"


@dataclass(frozen=True, slots=True)
class InteropSetup:
    """The fixtures of one test: the server, a registered app, and a person."""

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
