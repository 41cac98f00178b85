"""What Facebook sends when a person removes the app, or requests deletion of their data.

The message: developers.facebook.com/docs/apps/delete-data ("Data Deletion Request Callback") and
developers.facebook.com/docs/games/gamesonfacebook/login#parsingsr (`signed_request`).
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from quantimodo.federation.contract import BadToken, Provider, ProviderPolicy, SecurityEvent
from quantimodo.federation.providers.facebook import Facebook
from quantimodo.model.secrets import Secret
from quantimodo.ports.stores import Stores
from support.environment import FrozenClock
from support.recordings import Recordings

FORM = "application/x-www-form-urlencoded"
SECRET = "fake-app-secret"
POLICY = ProviderPolicy(
    name="facebook", kind="facebook", client_id="138483919580948", client_secret=Secret(SECRET)
)
NOW = int(datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp())
MESSAGE: dict[str, Any] = {
    "algorithm": "HMAC-SHA256",
    "expires": NOW + 3600,
    "issued_at": NOW,
    "user_id": "218471",
}


@pytest.fixture
def provider(clock: FrozenClock, stores: Stores) -> Provider:
    return Facebook(POLICY, Recordings().http_client(), clock, stores.replays)


def signed(secret: str = SECRET, **changes: Any) -> str:
    fields = {name: value for name, value in {**MESSAGE, **changes}.items() if value is not None}
    payload = _base64url(msgspec.json.encode(fields))
    return f"{_base64url(hmac.digest(secret.encode(), payload.encode(), 'sha256'))}.{payload}"


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def form(*messages: str) -> bytes:
    return urlencode([("signed_request", message) for message in messages]).encode()


async def test_a_message_says_whose_account_it_is_about(provider: Provider) -> None:
    (notice,) = await provider.security_events(FORM, form(signed()))
    assert notice == SecurityEvent(
        kind="gone", issuer="https://www.facebook.com", subject="218471", id=notice.id
    )


async def test_the_media_type_may_have_a_charset(provider: Provider) -> None:
    assert await provider.security_events(f"{FORM}; charset=UTF-8", form(signed()))


async def test_the_account_may_come_as_a_number(provider: Provider) -> None:
    (notice,) = await provider.security_events(FORM, form(signed(user_id=218471)))
    assert notice.subject == "218471"


async def test_the_issuer_is_the_one_that_sign_ins_have(clock: FrozenClock, stores: Stores) -> None:
    policy = replace(POLICY, issuer="https://facebook.example.org")
    provider = Facebook(policy, Recordings().http_client(), clock, stores.replays)
    (notice,) = await provider.security_events(FORM, form(signed()))
    assert notice.issuer == "https://facebook.example.org"


async def test_the_id_is_the_messages_own(provider: Provider) -> None:
    ids = [
        (await provider.security_events(FORM, form(message)))[0].id
        for message in (signed(), signed(), signed(issued_at=NOW - 1))
    ]
    assert ids[0] == ids[1] != ids[2]


async def test_a_padded_signature_is_the_same_message(provider: Provider) -> None:
    signature, _, payload = signed().partition(".")
    (plain,) = await provider.security_events(FORM, form(f"{signature}.{payload}"))
    (padded,) = await provider.security_events(FORM, form(f"{signature}=.{payload}"))
    assert plain == padded


@pytest.mark.parametrize(
    "message",
    [
        signed(secret="another-secret"),
        signed(secret=""),
        signed().replace(".", "A.", 1),
        signed() + "A",
        "." + signed().partition(".")[2],
        signed().partition(".")[0] + ".",
        signed().partition(".")[2],
        "",
        ".",
        "é.é",
        "a" * 20_000,
    ],
)
async def test_a_message_that_our_secret_did_not_sign_is_refused(
    provider: Provider, message: str
) -> None:
    with pytest.raises(BadToken):
        await provider.security_events(FORM, form(message))


@pytest.mark.parametrize("algorithm", ["none", "HMAC-SHA1", "hmac-sha256", "", None, 5])
async def test_the_algorithm_is_fixed(provider: Provider, algorithm: Any) -> None:
    with pytest.raises(BadToken):
        await provider.security_events(FORM, form(signed(algorithm=algorithm)))


@pytest.mark.parametrize(
    "issued_at", [None, 0, -1, NOW + 61, NOW - 86_401, str(NOW), True, [NOW], 1e300]
)
async def test_a_message_that_is_not_of_today_is_refused(
    provider: Provider, issued_at: Any
) -> None:
    with pytest.raises(BadToken):
        await provider.security_events(FORM, form(signed(issued_at=issued_at)))


@pytest.mark.parametrize("issued_at", [NOW + 59, NOW - 86_399])
async def test_a_message_may_be_late_and_clocks_may_differ(
    provider: Provider, issued_at: int
) -> None:
    assert await provider.security_events(FORM, form(signed(issued_at=issued_at)))


@pytest.mark.parametrize("user_id", [None, "", "0", 0, "ann@example.org", [218471], 1.5])
async def test_a_message_about_no_account_is_refused(provider: Provider, user_id: Any) -> None:
    with pytest.raises(BadToken):
        await provider.security_events(FORM, form(signed(user_id=user_id)))


async def test_a_message_that_facebook_signed_for_a_browser_deletes_no_account(
    provider: Provider,
) -> None:
    # The cookie fbsr_APPID and FB.getLoginStatus() have one, signed with the same secret.
    with pytest.raises(BadToken):
        await provider.security_events(FORM, form(signed(code="fake-code")))


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", b'{"signed_request": "x"}'),
        ("application/json", form(signed())),
        ("", form(signed())),
        (FORM, b""),
        (FORM, b"\xff\xfe"),
        (FORM, b"signed_request"),
        (FORM, b"a=1&" * 30 + form(signed())),
        (FORM, form(signed(), signed())),
        (FORM, form(signed()).replace(b"signed_request", b"signedRequest")),
        (FORM, form(signed()) + b"&pad=" + b"a" * 20_000),
    ],
)
async def test_a_body_that_is_not_one_message_is_refused(
    provider: Provider, media_type: str, body: bytes
) -> None:
    with pytest.raises(BadToken):
        await provider.security_events(media_type, body)
