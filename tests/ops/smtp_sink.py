"""A small mail server on 127.0.0.1 that stores what it receives, with real sockets and TLS."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8


@dataclass(slots=True)
class Sink:
    """An SMTP server that stores what it receives. `responses`: what it says to a recipient, or to
    "DATA", in place of its acceptance."""

    port: int = 0
    extensions: tuple[str, ...] = ("8BITMIME", "SMTPUTF8")
    tls: ssl.SSLContext | None = None
    responses: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    emails: list[EmailMessage] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def smtp_sink(*, implicit_tls: bool = False, **options: object) -> AsyncIterator[Sink]:
    """Listening while the block runs."""
    sink = Sink(**options)  # type: ignore[arg-type]
    conversations: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        try:
            await _talk(sink, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()
            conversations.discard(task)

    context = sink.tls if implicit_tls else None
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        for task in tuple(conversations):
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


async def _talk(sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    sink.connections += 1
    if sink.silent:
        await asyncio.Event().wait()
    await _say(writer, "220 sink.example.org")
    while line := await reader.readline():
        words = line.decode().strip()
        verb = words.split(" ", 1)[0].upper()
        sink.seen.append(verb)
        if verb == "QUIT":
            await _say(writer, "221 bye")
            return
        if verb == "STARTTLS":
            await _say(writer, "220 go")
            assert sink.tls is not None
            await writer.start_tls(sink.tls)
        elif verb == "DATA":
            await _take(sink, reader, writer)
        else:
            await _say(writer, _response(sink, verb, words))


def _response(sink: Sink, verb: str, words: str) -> str:
    if verb == "EHLO":
        lines = ["sink.example.org", *sink.extensions]
        return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])
    if verb == "AUTH":
        sink.logins.append(b64decode(words.split()[2]))
        return sink.responses.get("AUTH", "235 welcome")
    if verb == "RCPT":
        recipient = words[words.index("<") + 1 : words.index(">")]
        return sink.responses.get(recipient, "250 ok")
    return sink.responses.get(verb, "250 ok")


async def _take(sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _say(writer, "354 go on")
    body = await reader.readuntil(b"\r\n.\r\n")
    if "DATA" not in sink.responses:
        email = message_from_bytes(body[:-3], policy=SMTPUTF8)
        assert isinstance(email, EmailMessage)
        sink.emails.append(email)
    await _say(writer, sink.responses.get("DATA", "250 kept"))


async def _say(writer: asyncio.StreamWriter, text: str) -> None:
    writer.write(f"{text}\r\n".encode())
    await writer.drain()
