"""`quantimodo demo`: the main use case against a running server, printed step by step.

Creates a temporary person and app in the server's database, runs the requests, and always deletes
both again. It and `doctor --live` are HTTP clients; requests of the server itself go through
outbound/http_client.py.
"""

from typing import Annotated, Any

import httpx
import typer

from quantimodo.app.composition.services import AppContext
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.demo.flow import METADATA, SCOPE, DemoAccount, DemoFlow, Unexpected
from quantimodo.cli.demo.output import DemoOutput, as_object
from quantimodo.clients.registry import RegisteredClient, Registration
from quantimodo.crypto.jwt import base64url
from quantimodo.model.secrets import Secret
from quantimodo.model.users import User

# No server listens at this address: the demo reads the response from the redirect.
_CALLBACK = "http://127.0.0.1:1/callback"
_SECONDS = 20.0


def demo(
    url: Annotated[
        str | None, typer.Option(help="The address of the server. Default: its issuer.")
    ] = None,
) -> None:
    """Run the main flow against a running server: sign in, consent, token, use, refresh, revoke."""
    run(lambda context: _show(context, (url or context.settings.issuer).rstrip("/")))


async def _show(context: AppContext, url: str) -> None:
    demo_output = DemoOutput(lambda line: typer.echo(line))
    async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as http:
        metadata = await _metadata(http, url, context.settings.issuer)
        demo_output.say(f"The server at {url} says where its endpoints are ({METADATA}).")
        person, password = await _temporary_person(context)
        try:
            app = await _temporary_app(context, person)
            account = _demo_account(app, person, password)
            await DemoFlow(http, demo_output, context.entropy, metadata, account).all()
        except Unexpected as fault:
            raise Failed(f"not as it should be: {fault}") from None
        finally:
            # This deletes the app too, which the person owns.
            await context.stores.users.delete_user(person.id, context.clock.now())
    demo_output.say("")
    demo_output.say("All as it should be. The person and the app that were made for this are gone.")


async def _metadata(http: httpx.AsyncClient, url: str, issuer: str) -> dict[str, Any]:
    try:
        response = await http.get(url + METADATA)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
        raise Failed(
            f"no server responds at {url}; start one with the same settings (quantimodo serve),"
            " or say where it is (--url)"
        ) from None
    metadata = as_object(response)
    if metadata.get("issuer") != issuer:
        raise Failed(
            f"the server at {url} is not the one of these settings, whose issuer is {issuer}:"
            " give this command the server's QUANTIMODO_CONFIG and environment"
        )
    return metadata


async def _temporary_person(context: AppContext) -> tuple[User, Secret]:
    number, password = context.entropy.bytes(6).hex(), base64url(context.entropy.bytes(24)).decode()
    person = await context.accounts.administration.create(
        email=f"demo-{number}@example.org",
        name="Demo Person",
        password=Secret(password),
        verified=True,
    )
    return person, Secret(password)


async def _temporary_app(context: AppContext, person: User) -> RegisteredClient:
    requested = Registration(
        name="Demo App", redirect_uris=(_CALLBACK,), scope=frozenset(SCOPE.split())
    )
    return await context.registry.register(requested, owner_id=person.id)


def _demo_account(app: RegisteredClient, person: User, password: Secret) -> DemoAccount:
    return DemoAccount(
        client_id=app.client.id,
        client_secret=app.secret or Secret(""),
        redirect_uri=_CALLBACK,
        email=person.email or "",
        password=password,
    )
