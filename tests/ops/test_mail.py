"""E-mails: stored encrypted, sent in the background, retried, and never in the clear."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from smtp_sink import Sink, smtp_sink
from structlog.testing import capture_logs

from quantimodo.crypto.envelope import Envelope
from quantimodo.model.events import Mail
from quantimodo.model.secrets import Secret
from quantimodo.ops.mail import Outbox, Sender
from quantimodo.ops.smtp import Smtp, SmtpPolicy, smtp_policy
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Stores
from support.account_services import MovableClock
from support.certificates import tls_pair

MINUTE = timedelta(minutes=1)
SENDER = "no-reply@id.example.org"
SERVICE = "Example Health"


def email(to: str = "ann@example.org", subject: str = "Hello", text: str = "Line.\n.\nÄ\n") -> Mail:
    return Mail(to=to, subject=subject, text=text)


class Post:
    """Outbox and sender over one database, with a carrier to one sink."""

    def __init__(self, stores: Stores, envelope: Envelope, clock: MovableClock) -> None:
        self.stores, self.envelope, self.clock = stores, envelope, clock
        self.wakeup = asyncio.Event()
        self.outbox = Outbox(stores.mails, envelope, clock, wakeup=self.wakeup)

    def sender(
        self,
        sink: Sink,
        security: Any = "insecure_plaintext",
        trust: ssl.SSLContext | None = None,
        **login: Any,
    ) -> Sender:
        policy = SmtpPolicy(
            host="127.0.0.1",
            port=sink.port,
            security=security,
            sender=SENDER,
            service=SERVICE,
            **login,
        )
        return Sender(
            self.stores.mails, self.envelope, Smtp(policy, trust), self.clock, self.wakeup
        )

    async def waiting(self) -> Sequence[str]:
        return [kept.mail.to for kept in await self.outbox.recent()]


@pytest.fixture
def post(stores: Stores, clock: MovableClock, entropy: Entropy) -> Post:
    return Post(stores, Envelope([b"k" * 32], entropy), clock)


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with smtp_sink() as listening:
        yield listening


async def test_an_email_is_delivered_unchanged(post: Post, sink: Sink) -> None:
    await post.outbox.send(email(subject="Grüße", text="Eins.\n.\nZwei: ä\n"))
    await post.sender(sink).send_due()
    (arrived,) = sink.emails
    assert arrived["To"] == "ann@example.org"
    assert arrived["From"] == f"{SERVICE} <{SENDER}>"
    assert arrived["Subject"] == f"{SERVICE}: Grüße"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["Date"] == "Mon, 23 Nov 2026 12:00:00 +0000"
    assert arrived["Message-ID"].endswith("@id.example.org>")
    # RFC 5321 §4.5.2: a dot alone does not end it.
    plain = arrived.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n").replace("\n..\n", "\n.\n") == (
        "Eins.\n.\nZwei: ä\n"
    )


async def test_a_sent_email_is_deleted(post: Post, sink: Sink) -> None:
    await post.outbox.send(email())
    sender = post.sender(sink)
    await sender.send_due()
    post.clock.advance(timedelta(hours=1))
    await sender.send_due()
    assert len(sink.emails) == 1
    assert await post.waiting() == []


async def test_many_emails_share_few_connections(post: Post, sink: Sink) -> None:
    for number in range(25):
        await post.outbox.send(email(f"p{number}@example.org"))
    await post.sender(sink).send_due()
    assert {str(arrived["To"]) for arrived in sink.emails} == {
        f"p{number}@example.org" for number in range(25)
    }
    assert sink.connections == 3
    assert len({arrived["Message-ID"] for arrived in sink.emails}) == 25


async def test_several_senders_send_each_letter_once(post: Post, sink: Sink) -> None:
    for number in range(30):
        await post.outbox.send(email(f"p{number}@example.org"))
    await asyncio.gather(*(post.sender(sink).send_due() for _ in range(4)))
    assert len(sink.emails) == 30


async def test_the_database_cannot_read_an_email(post: Post, stores: Stores) -> None:
    await post.outbox.send(email(text="the token"))
    ((_, sealed, _),) = await stores.mails.recent_mail(10)
    assert b"token" not in sealed
    assert b"ann" not in sealed


async def test_the_outbox_shows_the_newest_first(post: Post) -> None:
    for to in ("a@example.org", "b@example.org", "c@example.org"):
        await post.outbox.send(email(to))
        post.clock.advance(MINUTE)
    newest, *_ = kept = await post.outbox.recent(2)
    assert newest.at == post.clock.now() - MINUTE
    assert [shown.mail.to for shown in kept] == ["c@example.org", "b@example.org"]


async def test_emails_of_a_lost_key_are_not_shown_and_not_retried_permanently(
    post: Post, sink: Sink, stores: Stores, entropy: Entropy
) -> None:
    await post.outbox.send(email())
    other = Post(stores, Envelope([b"o" * 32], entropy), post.clock)
    assert await other.waiting() == []
    with capture_logs() as logs:
        await other.sender(sink).send_due()
    assert [line["event"] for line in logs] == ["mail.unreadable"]
    assert await stores.mails.recent_mail(10) == []


async def test_a_deferred_email_is_retried_with_increasing_pauses(post: Post, sink: Sink) -> None:
    sink.responses["ann@example.org"] = "450 not now"
    await post.outbox.send(email())
    sender = post.sender(sink)
    tries = []
    for minute in range(40):
        before = sink.seen.count("RCPT")
        await sender.send_due()
        if sink.seen.count("RCPT") > before:
            tries.append(minute)
        post.clock.advance(MINUTE)
    assert tries == [0, 1, 2, 4, 8, 16, 32]
    assert await post.waiting() == ["ann@example.org"]
    sink.responses.clear()
    for _ in range(30):
        await sender.send_due()
        post.clock.advance(MINUTE)
    assert len(sink.emails) == 1


async def test_without_a_mail_server_the_email_stays_queued(post: Post, sink: Sink) -> None:
    await post.outbox.send(email())
    async with smtp_sink() as gone:
        pass
    with capture_logs() as logs:
        await post.sender(gone).send_due()
    assert [line["event"] for line in logs] == ["mail.server_unavailable"]
    assert "ann" not in str(logs)
    post.clock.advance(MINUTE)
    await post.sender(sink).send_due()
    assert len(sink.emails) == 1


async def test_one_letter_that_must_wait_does_not_hold_up_the_others(
    post: Post, sink: Sink
) -> None:
    sink.responses["slow@example.org"] = "451 greylisted"
    for to in ("slow@example.org", "b@example.org", "c@example.org"):
        await post.outbox.send(email(to))
    await post.sender(sink).send_due()
    assert [str(arrived["To"]) for arrived in sink.emails] == [
        "b@example.org",
        "c@example.org",
    ]
    assert await post.waiting() == ["slow@example.org"]


@pytest.mark.parametrize("place", ["ann@example.org", "DATA"])
async def test_an_email_that_is_refused_permanently_is_given_up(
    post: Post, sink: Sink, place: str
) -> None:
    sink.responses[place] = "550 no such person"
    await post.outbox.send(email())
    with capture_logs() as logs:
        await post.sender(sink).send_due()
    assert await post.waiting() == []
    assert [(line["event"], line["code"]) for line in logs] == [("mail.refused", 550)]
    assert "ann" not in str(logs)


@pytest.mark.parametrize("response", ["550 you may not", "421 closing"])
async def test_a_fault_of_the_operators_loses_no_email(
    post: Post, sink: Sink, response: str
) -> None:
    sink.responses["MAIL"] = response
    await post.outbox.send(email())
    await post.sender(sink).send_due()
    assert await post.waiting() == ["ann@example.org"]


async def test_an_email_that_is_undelivered_for_a_day_is_not_sent_any_more(
    post: Post, sink: Sink
) -> None:
    await post.outbox.send(email())
    post.clock.advance(timedelta(days=1))
    await post.sender(sink).send_due()
    assert sink.emails == []


async def test_an_address_in_another_script_needs_a_server_that_can_write_it(post: Post) -> None:
    async with smtp_sink() as able:
        await post.outbox.send(email("jürgen@example.org"))
        await post.sender(able).send_due()
        assert len(able.emails) == 1
        assert able.emails[0]["To"] == "jürgen@example.org"
    async with smtp_sink(extensions=("8BITMIME",)) as unable:
        await post.outbox.send(email("jürgen@example.org"))
        await post.sender(unable).send_due()
        assert unable.emails == []
        assert await post.waiting() == []


async def test_the_background_sender_is_woken_by_an_email_at_once(post: Post, sink: Sink) -> None:
    sender = post.sender(sink)
    sender.start()
    await asyncio.sleep(0)
    await post.outbox.send(email())
    async with asyncio.timeout(8):  # less than the pause between two looks
        while not sink.emails:
            await asyncio.sleep(0.01)
    await sender.close()


async def test_the_background_sender_survives_an_email_it_cannot_make(
    post: Post, sink: Sink
) -> None:
    await post.outbox.send(email(subject="two\nlines"))
    await post.outbox.send(email("b@example.org"))
    await post.sender(sink).send_due()
    assert [str(arrived["To"]) for arrived in sink.emails] == ["b@example.org"]


@pytest.mark.slow
async def test_closing_does_not_wait_for_a_server_that_says_nothing(post: Post) -> None:
    async with smtp_sink(silent=True) as silent:
        await post.outbox.send(email())
        sender = post.sender(silent)
        sender.start()
        async with asyncio.timeout(5):
            while not silent.connections:
                await asyncio.sleep(0.01)
        async with asyncio.timeout(12):
            await sender.close()
    assert await post.waiting() == ["ann@example.org"]


@asynccontextmanager
async def secure(folder: Path, **options: Any) -> AsyncIterator[tuple[Sink, ssl.SSLContext]]:
    server, client = tls_pair(folder)
    async with smtp_sink(tls=server, **options) as sink:
        yield sink, client


STARTTLS = ("STARTTLS", "AUTH PLAIN", "8BITMIME")
LOGIN: dict[str, Any] = {"username": "server", "password": Secret("the mail password")}


async def test_starttls_comes_before_login_and_email(post: Post, tmp_path: Path) -> None:
    async with secure(tmp_path, extensions=STARTTLS) as (sink, trust):
        await post.outbox.send(email())
        await post.sender(sink, "starttls", trust, **LOGIN).send_due()
        assert len(sink.emails) == 1
        assert sink.logins == [b"\0server\0the mail password"]
        assert sink.seen.index("STARTTLS") < sink.seen.index("AUTH") < sink.seen.index("MAIL")


async def test_tls_from_the_first_byte_works_too(post: Post, tmp_path: Path) -> None:
    async with secure(tmp_path, implicit_tls=True) as (sink, trust):
        await post.outbox.send(email())
        await post.sender(sink, "tls", trust).send_due()
        assert len(sink.emails) == 1


async def test_a_server_without_starttls_gets_neither_password_nor_email(post: Post) -> None:
    async with smtp_sink(extensions=("AUTH PLAIN",)) as stripped:
        await post.outbox.send(email())
        await post.sender(stripped, "starttls", **LOGIN).send_due()
        assert "AUTH" not in stripped.seen
        assert "MAIL" not in stripped.seen
    assert await post.waiting() == ["ann@example.org"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_an_untrusted_server_gets_nothing(post: Post, tmp_path: Path, security: str) -> None:
    async with secure(tmp_path, extensions=STARTTLS, implicit_tls=security == "tls") as (sink, _):
        await post.outbox.send(email())
        await post.sender(sink, security, **LOGIN).send_due()
        assert sink.logins == []
        assert sink.emails == []
    assert await post.waiting() == ["ann@example.org"]


async def test_a_wrong_mail_password_loses_no_email_and_is_not_logged(
    post: Post, tmp_path: Path
) -> None:
    async with secure(tmp_path, extensions=STARTTLS) as (sink, trust):
        sink.responses["AUTH"] = "535 no"
        await post.outbox.send(email())
        with capture_logs() as logs:
            await post.sender(sink, "starttls", trust, **LOGIN).send_due()
    assert "the mail password" not in str(logs)
    assert "535" in str(logs)
    assert await post.waiting() == ["ann@example.org"]


@pytest.mark.parametrize(
    ("url", "host", "port", "security"),
    [
        ("smtp://mail.example.org", "mail.example.org", 587, "starttls"),
        ("smtp://mail.example.org:2525?starttls", "mail.example.org", 2525, "starttls"),
        ("smtps://mail.example.org", "mail.example.org", 465, "tls"),
        ("smtp://127.0.0.1?insecure_plaintext", "127.0.0.1", 25, "insecure_plaintext"),
        ("smtp://[::1]:26", "::1", 26, "starttls"),
    ],
)
def test_the_url_of_a_mail_server_is_read(url: str, host: str, port: int, security: str) -> None:
    policy = smtp_policy(url, SENDER, SERVICE)
    assert (policy.host, policy.port, policy.security) == (host, port, security)
    assert policy.username is None


def test_a_login_in_the_url_is_decoded_and_not_printed() -> None:
    policy = smtp_policy("smtp://server%40example.org:p%2Fss@mail.example.org", SENDER, SERVICE)
    assert policy.username == "server@example.org"
    assert policy.password is not None
    assert policy.password.reveal() == "p/ss"
    assert "p/ss" not in repr(policy)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "http://user:hush@mail.example.org",
        "smtp://user:hush@",
        "smtp://user:hush@mail.example.org:port",
        "smtp://user:hush@mail.example.org/path",
        "smtp://user:hush@mail.example.org?starttl",
        "smtps://user:hush@mail.example.org?insecure_plaintext",
        "smtp://user:hush@[mail",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="mail server") as refused:
        smtp_policy(url, SENDER, SERVICE)
    assert "hush" not in str(refused.value)
