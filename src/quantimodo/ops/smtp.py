"""Sends e-mails over SMTP, with STARTTLS or TLS, with time-outs.

Owns the connection and the form of a message (RFC 5322). `mail.py` decides when an e-mail is sent.
"""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy, default
from email.utils import format_datetime
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib

from quantimodo.model.brand import PLAIN_MAIL, MailLook
from quantimodo.model.events import Mail
from quantimodo.model.secrets import Secret
from quantimodo.ops.mail import MailServerUnavailable, MessageDeferred, MessageRejected
from quantimodo.ops.mail_html import html_of, text_of

Security = Literal["starttls", "tls", "insecure_plaintext"]

_PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "insecure_plaintext": 25}
_SECONDS = 15.0  # for each step
_TOO_LATE = 500  # RFC 5321 §4.2.1: 5yz is permanent


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpPolicy:
    """The mail server, `sender`, the address that e-mails are sent from, `service`, the name that
    each subject begins with, and the operator's `look`."""

    host: str
    port: int
    security: Security
    sender: str
    service: str
    username: str | None = None
    password: Secret | None = None
    look: MailLook = PLAIN_MAIL

    @property
    def domain(self) -> str:
        """The domain of the sender, for the ids of messages."""
        return self.sender.rpartition("@")[2]


def smtp_policy(url: str, sender: str, service: str) -> SmtpPolicy:
    """From `smtp://user:password@host:587?starttls`, `smtps://host` or
    `smtp://127.0.0.1:25?insecure_plaintext`. `smtp` alone means STARTTLS.

    Raises `ValueError` with a text that does not contain the URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("the mail server's URL cannot be read") from None
    security = _security(parts.scheme, parts.query)
    if not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("the mail server's URL is like smtp://user:password@host:587")
    return SmtpPolicy(
        host=parts.hostname,
        port=port or _PORTS[security],
        security=security,
        sender=sender,
        service=service,
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else Secret(unquote(parts.password)),
    )


class Smtp:
    """The `MailTransport` by SMTP. With STARTTLS, a server that does not offer it gets no e-mail.

    `trust` is for a server whose certificate the system does not know.
    """

    def __init__(self, policy: SmtpPolicy, trust: ssl.SSLContext | None = None) -> None:
        self._policy = policy
        self._trust = trust or ssl.create_default_context()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["SmtpClientConnection"]:
        """A connection that is signed in, closed at the end. Raises `MailServerUnavailable`."""
        client = self._client()
        try:
            with _down():
                await client.connect()
            yield SmtpClientConnection(client, self._policy)
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        policy = self._policy
        return aiosmtplib.SMTP(
            hostname=policy.host,
            port=policy.port,
            username=policy.username,
            password=None if policy.password is None else policy.password.reveal(),
            local_hostname=policy.domain,
            timeout=_SECONDS,
            use_tls=policy.security == "tls",
            start_tls=policy.security == "starttls",
            tls_context=self._trust,
        )


class SmtpClientConnection:
    """One connection for any number of e-mails. Implements `SmtpConnection`."""

    def __init__(self, client: aiosmtplib.SMTP, policy: SmtpPolicy) -> None:
        self._client = client
        self._policy = policy

    async def deliver(self, mail: Mail, message_id: str, written_at: datetime) -> None:
        sender = self._policy.sender
        with _down():
            try:
                message = to_message(mail, self._policy, message_id, written_at)
                await self._client.send_message(message, sender=sender, recipients=[mail.to])
            except aiosmtplib.SMTPRecipientsRefused as fault:
                raise _error_of(fault.recipients[0]) from None
            except aiosmtplib.SMTPDataError as fault:
                raise _error_of(fault) from None
            except (aiosmtplib.SMTPNotSupported, ValueError):
                # RFC 6531: this server cannot represent the address.
                raise MessageRejected(553) from None


class _OneLine(UnstructuredHeader):
    """A header of one long word, which the library would encode."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]


_HEADERS: Final = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _OneLine)  # type: ignore[arg-type]
_POLICY: Final = default.clone(header_factory=_HEADERS)


def to_message(
    mail: Mail, policy: SmtpPolicy, message_id: str, written_at: datetime
) -> EmailMessage:
    """The e-mail as an RFC 5322 message: the text, and the same as HTML."""
    message = EmailMessage(_POLICY)
    message["From"] = f'"{policy.service}" <{policy.sender}>'
    message["To"] = mail.to
    message["Subject"] = f"{policy.service}: {mail.subject}"
    message["Date"] = format_datetime(written_at)
    message["Message-ID"] = f"<{message_id}@{policy.domain}>"
    # RFC 3834 §5: automatic responders do not reply.
    message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe:  # RFC 8058 §3.1
        message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text_of(mail, policy.look))
    message.add_alternative(html_of(mail, policy.service, policy.look), subtype="html")
    return message


def _error_of(fault: aiosmtplib.SMTPResponseException) -> Exception:
    if fault.code >= _TOO_LATE:
        return MessageRejected(fault.code)
    return MessageDeferred(fault.code)


@contextmanager
def _down() -> Iterator[None]:
    """Turn all other faults of a mail server into `MailServerUnavailable`, after which e-mails are
    retried."""
    try:
        yield
    except aiosmtplib.SMTPResponseException as fault:
        raise MailServerUnavailable(f"the mail server responded with {fault.code}") from None
    except (aiosmtplib.SMTPException, OSError) as fault:
        raise MailServerUnavailable(type(fault).__name__) from None


def _security(scheme: str, query: str) -> Security:
    options = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    if scheme == "smtps" and not options:
        return "tls"
    if scheme == "smtp" and options <= {"starttls"}:
        return "starttls"
    if scheme == "smtp" and options == {"insecure_plaintext"}:
        return "insecure_plaintext"
    raise ValueError("the mail server's URL begins with smtp:// (STARTTLS) or smtps:// (TLS)")
