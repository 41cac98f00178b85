"""A registered app as it uses a real server: its requests, and what it reads from responses."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from quantimodo.crypto.tokens import Kind
from quantimodo.protocol.endpoints import PATHS
from quantimodo.protocol.grant_types import DEVICE_CODE
from support.app import (
    AUTHORIZE,
    CALLBACK,
    CHALLENGE,
    INTROSPECT,
    ME,
    REVOKE,
    TOKEN,
    VERIFIER,
)
from support.raw_http import Connection, RawResponse, get, post

SCOPE = frozenset({"basic", "openid"})


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one response of the token endpoint brought."""

    access: str
    refresh: str

    @classmethod
    def of(cls, response: RawResponse) -> "Tokens":
        assert response.status == 200, response.body
        found = response.json()
        return cls(found["access_token"], found["refresh_token"])


@dataclass(frozen=True, slots=True)
class Caller:
    client_id: str
    secret: str

    def authorization(self, session: str) -> bytes:
        """From a browser whose person is signed in and has consented before; its cookie header."""
        requested = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": " ".join(sorted(SCOPE)),
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return get(f"{AUTHORIZE}?{urlencode(requested)}", cookie=session)

    def redemption(self, code: str) -> bytes:
        return self._token(
            grant_type="authorization_code",
            code=code,
            redirect_uri=CALLBACK,
            code_verifier=VERIFIER,
        )

    def refreshing(self, token: str) -> bytes:
        return self._token(grant_type="refresh_token", refresh_token=token)

    def device_request(self) -> bytes:
        path = PATHS["device_authorization"]
        return post(path, self.client_id, self.secret, scope=" ".join(sorted(SCOPE)))

    def polling(self, device_code: str) -> bytes:
        return self._token(grant_type=DEVICE_CODE, device_code=device_code)

    def own_token(self) -> bytes:
        return self._token(grant_type="client_credentials", scope="basic")

    def revocation(self, token: str) -> bytes:
        return post(REVOKE, self.client_id, self.secret, token=token)

    def introspection(self, token: str) -> bytes:
        return post(INTROSPECT, self.client_id, self.secret, token=token)

    def _token(self, **form: str) -> bytes:
        return post(TOKEN, self.client_id, self.secret, **form)

    async def is_active(self, connection: Connection, token: str) -> bool:
        """Whether introspection reports the token as active."""
        response = await connection.ask(self.introspection(token))
        assert response.status == 200, response.body
        active: bool = response.json()["active"]
        return active

    async def assert_dead(self, connection: Connection, tokens: Tokens) -> None:
        """Introspection, the API and the token endpoint refuse both tokens."""
        assert not await self.is_active(connection, tokens.access)
        assert not await self.is_active(connection, tokens.refresh)
        used = await connection.ask(get(ME, authorization=f"Bearer {tokens.access}"))
        assert used.status == 401
        refused(await connection.ask(self.refreshing(tokens.refresh)))


def refused(response: RawResponse) -> None:
    """RFC 6749 §5.2: `invalid_grant`, and no token with it."""
    assert response.status == 400, response.body
    assert response.json()["error"] == "invalid_grant"
    assert "access_token" not in response.json()


def code_of(response: RawResponse) -> str:
    """The code that the redirect brought."""
    assert response.status == 303, response.body
    code = parse_qs(urlsplit(response.headers["location"]).query)["code"][0]
    assert code.startswith(Kind.CODE)
    return code
