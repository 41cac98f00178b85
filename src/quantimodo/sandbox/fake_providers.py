"""The providers of the sandbox: Google, Facebook, and a generic OpenID provider.

Owns their addresses, their registered apps with obviously fake secrets, and their redirect rule.
The protocol of each is in another file.
"""

from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from quantimodo.crypto.digests import compare_digest
from quantimodo.model.secrets import Secret

PartyName = Literal["google", "facebook", "oidc"]
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST_URI: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app that is registered with the provider. `others`: ids of the same app on phones."""

    id: str
    secret: Secret = field(repr=False)
    others: tuple[str, ...] = ()

    def proves(self, secret: str) -> bool:
        """Whether this is the secret of the app, compared in constant time."""
        return compare_digest(secret.encode(), self.secret.reveal().encode())


GOOGLE_APP: Final = App(
    id="000000000000-web.sandbox.example.org",
    secret=Secret("fake-google-secret"),
    others=(
        "000000000000-android.sandbox.example.org",
        "000000000000-ios.sandbox.example.org",
    ),
)
FACEBOOK_APP: Final = App(id="100000000000000", secret=Secret("fake-facebook-secret"))
OIDC_APP: Final = App(id="quantimodo-sandbox", secret=Secret("fake-oidc-secret"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeProvider:
    """One provider of the sandbox. All its paths are below `address`.

    `issuer` is its issuer in tokens; by default its address, so that no client of the real provider
    accepts its tokens.
    """

    name: PartyName
    title: str
    server: str
    app: App
    issuer: str
    any_app: bool = False  # every client id is registered, all with the same secret

    @property
    def path(self) -> str:
        """The path below which all its pages are."""
        return f"/sandbox/{self.name}"

    @property
    def address(self) -> str:
        """The address below which all its pages are."""
        return self.server + self.path

    def knows(self, client_id: str) -> bool:
        """Whether an app with this client id is registered there."""
        return self.any_app or client_id in (self.app.id, *self.app.others)

    def sends_to(self, uri: str) -> bool:
        """Whether a response may go to `uri`: only to this server or this machine, so that the
        sandbox is no open redirector."""
        # Backslashes and control characters are read in two ways by two parsers.
        if len(uri) > _LONGEST_URI or not all("!" <= each <= "~" for each in uri) or "\\" in uri:
            return False
        try:
            parts = urlsplit(uri)
            host = parts.hostname
            _ = parts.port
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or "#" in uri or "@" in parts.netloc:
            return False
        return origin_of(uri) == origin_of(self.server) or host in _LOOPBACK


def origin_of(uri: str) -> str:
    """The scheme, host and port of an address, in lower case."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}".lower()


def google(server: str, issuer: str = "") -> FakeProvider:
    """The fake of Google; `issuer` replaces its own."""
    return FakeProvider(
        name="google",
        title="Google",
        server=server,
        app=GOOGLE_APP,
        issuer=issuer or f"{server}/sandbox/google",
    )


def facebook(server: str, issuer: str = "") -> FakeProvider:
    """The fake of Facebook; `issuer` replaces its own."""
    return FakeProvider(
        name="facebook",
        title="Facebook",
        server=server,
        app=FACEBOOK_APP,
        issuer=issuer or f"{server}/sandbox/facebook",
    )


def oidc(server: str, issuer: str = "") -> FakeProvider:
    """The fake of a provider with OpenID Connect; every client id is registered there."""
    return FakeProvider(
        name="oidc",
        title="OpenID provider",
        server=server,
        app=OIDC_APP,
        issuer=issuer or f"{server}/sandbox/oidc",
        any_app=True,
    )
