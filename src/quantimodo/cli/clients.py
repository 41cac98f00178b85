"""`quantimodo clients`: applications, by the operator's hand."""

import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from quantimodo.accounts.addresses import presented_email
from quantimodo.app.quantities import parse_duration
from quantimodo.app.services import AppContext
from quantimodo.cli.command_runner import Failed, run
from quantimodo.cli.printing import print_fields, print_json, print_table
from quantimodo.clients.registry import Registered, Registration
from quantimodo.model.clients import Client
from quantimodo.model.secrets import Secret
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.registration import IMPLICIT_RESPONSE_TYPES
from quantimodo.protocol.registration_json import client_information, read_registration

clients = typer.Typer(no_args_is_help=True, help="Register and look after applications.")

ClientId = Annotated[str, typer.Argument(help="The app's client_id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Name = Annotated[str | None, typer.Option(help="What people are shown.")]
Uris = Annotated[
    list[str] | None,
    typer.Option(help="Where people come back to after consent; may be given several times."),
]
Scope = Annotated[str | None, typer.Option(help="What it may ask for, by blanks; default: all.")]
Grants = Annotated[
    list[str] | None,
    typer.Option(help="authorization_code, refresh_token, client_credentials; several times."),
]
Answers = Annotated[
    list[str] | None, typer.Option(help='As "code" or "id_token token"; several times.')
]
Public = Annotated[
    bool | None, typer.Option("--public/--confidential", help="It cannot keep a secret.")
]
Strict = Annotated[
    bool | None, typer.Option("--strict/--no-strict", help="PKCE always, no 2016 shapes.")
]
FirstParty = Annotated[
    bool | None, typer.Option("--first-party/--third-party", help="Ours: no consent page.")
]
ResourceServer = Annotated[
    bool | None,
    typer.Option("--resource-server/--no-resource-server", help="It may introspect any token."),
]
Implicit = Annotated[
    bool | None, typer.Option("--implicit/--no-implicit", help="Tokens in the URL fragment.")
]
Format = Annotated[str | None, typer.Option(help="Its access tokens: opaque or jwt.")]
Algorithm = Annotated[str | None, typer.Option(help="Its ID tokens: RS256, ES256, PS256, EdDSA.")]
ClaimsInIdToken = Annotated[
    bool | None,
    typer.Option(
        "--claims-in-id-token/--no-claims-in-id-token",
        help="Include the claims of profile, email, address and phone in its ID tokens.",
    ),
]
Text = Annotated[str | None, typer.Option(help="What it is for.")]
Link = Annotated[str | None, typer.Option(help="An https address.")]
LogoutUris = Annotated[
    list[str] | None, typer.Option(help="Where people may go after signing out; several times.")
]
BackChannel = Annotated[str | None, typer.Option(help="Where it is told that somebody signed out.")]
AuthorizationResponder = Annotated[
    str | None, typer.Option(help="What a browser loads when they sign out.")
]
Logo = Annotated[
    Path | None, typer.Option(help="A PNG, JPEG or WebP file.", exists=True, dir_okay=False)
]


@clients.command()
def create(
    name: Annotated[str, typer.Option(help="What people are shown.")],
    redirect_uri: Uris = None,
    scope: Scope = None,
    grant_type: Grants = None,
    response_type: Answers = None,
    public: Public = None,
    strict: Strict = None,
    first_party: FirstParty = None,
    resource_server: ResourceServer = None,
    implicit: Implicit = None,
    token_format: Format = None,
    id_token_alg: Algorithm = None,
    claims_in_id_token: ClaimsInIdToken = None,
    description: Text = None,
    homepage: Link = None,
    policy: Link = None,
    terms: Link = None,
    post_logout_redirect_uri: LogoutUris = None,
    backchannel_logout_uri: BackChannel = None,
    frontchannel_logout_uri: AuthorizationResponder = None,
    logo: Logo = None,
    owner: Annotated[str | None, typer.Option(help="E-mail address of its owner.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register an application; its secret is shown this once."""
    asked = _asked(
        Registration(name=name),
        _given(
            redirect_uris=redirect_uri,
            scope=scope,
            grant_types=grant_type,
            response_types=response_type,
            public=public,
            strict=strict,
            first_party=first_party,
            resource_server=resource_server,
            token_format=token_format,
            id_token_alg=id_token_alg,
            description=description,
            homepage_uri=homepage,
            policy_uri=policy,
            tos_uri=terms,
        ),
        implicit,
        _given_metadata(
            post_logout_redirect_uris=post_logout_redirect_uri,
            backchannel_logout_uri=backchannel_logout_uri,
            frontchannel_logout_uri=frontchannel_logout_uri,
            include_claims_in_id_token=claims_in_id_token,
        ),
    )

    async def register(context: AppContext) -> Registered:
        owner_id = None if owner is None else await _owner_id(context, owner)
        picture = None if logo is None else logo.read_bytes()
        registered = await context.registry.register(asked, owner_id=owner_id, by_operator=True)
        if picture is not None:
            await context.registry.set_logo(registered.client, picture)
        return registered

    _tell(run(register), as_json)


@clients.command("import")
def import_client(
    file: Annotated[
        Path, typer.Argument(help="Its metadata, as RFC 7591 has it.", exists=True, dir_okay=False)
    ],
    strict: Strict = None,
    first_party: FirstParty = None,
    resource_server: ResourceServer = None,
    token_format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Register an application from a JSON file with the metadata of RFC 7591."""
    try:
        asked = read_registration(json.loads(file.read_text("utf-8")))
    except (ValueError, RecursionError):
        raise typer.BadParameter("the file is not JSON") from None
    except OAuthError as fault:
        raise typer.BadParameter(fault.description) from None
    given = _given(
        strict=strict,
        first_party=first_party,
        resource_server=resource_server,
        token_format=token_format,
    )

    async def register(context: AppContext) -> Registered:
        whole = replace(asked, **given)
        return await context.registry.register(whole, owner_id=None, by_operator=True)

    registered = run(register)
    found = client_information(registered.client)
    if registered.secret is not None:
        found["client_secret"] = registered.secret.reveal()
    if as_json:
        print_json(found)
    else:
        print_fields(found)


@clients.command()
def edit(
    client_id: ClientId,
    name: Name = None,
    redirect_uri: Uris = None,
    scope: Scope = None,
    grant_type: Grants = None,
    response_type: Answers = None,
    public: Public = None,
    strict: Strict = None,
    first_party: FirstParty = None,
    resource_server: ResourceServer = None,
    implicit: Implicit = None,
    token_format: Format = None,
    id_token_alg: Algorithm = None,
    claims_in_id_token: ClaimsInIdToken = None,
    description: Text = None,
    homepage: Link = None,
    policy: Link = None,
    terms: Link = None,
    post_logout_redirect_uri: LogoutUris = None,
    backchannel_logout_uri: BackChannel = None,
    frontchannel_logout_uri: AuthorizationResponder = None,
    logo: Logo = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given here and leave the rest as it is."""
    given = _given(
        name=name,
        redirect_uris=redirect_uri,
        scope=scope,
        grant_types=grant_type,
        response_types=response_type,
        public=public,
        strict=strict,
        first_party=first_party,
        resource_server=resource_server,
        token_format=token_format,
        id_token_alg=id_token_alg,
        description=description,
        homepage_uri=homepage,
        policy_uri=policy,
        tos_uri=terms,
    )
    metadata = _given_metadata(
        post_logout_redirect_uris=post_logout_redirect_uri,
        backchannel_logout_uri=backchannel_logout_uri,
        frontchannel_logout_uri=frontchannel_logout_uri,
        include_claims_in_id_token=claims_in_id_token,
    )

    async def change(context: AppContext) -> Client:
        client = await _client(context, client_id)
        asked = _asked(_registration(client), given, implicit, metadata)
        edited = await context.registry.edit(client, asked, by_operator=True)
        if logo is not None:
            await context.registry.set_logo(edited, logo.read_bytes())
        return edited

    _tell(Registered(run(change), None), as_json, secrecy=False)


@clients.command("list")
def list_clients(
    owner: Annotated[str | None, typer.Option(help="E-mail address: only this person's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the applications."""

    async def find(context: AppContext) -> Sequence[Client]:
        return await _all(context, None if owner is None else await _owner_id(context, owner))

    found = run(find)
    if as_json:
        print_json([_fields(client) for client in found])
    else:
        columns = ("client_id", "name", "kind", "grants", "created")
        print_table(
            columns,
            [
                (c.id, c.name, _kind(c), " ".join(sorted(c.grant_types)), c.created_at)
                for c in found
            ],
        )


@clients.command()
def show(client_id: ClientId, as_json: AsJson = False) -> None:
    """Show one application; its secret cannot be shown, only replaced."""
    client = run(lambda context: _client(context, client_id))
    _tell(Registered(client, None), as_json, secrecy=False)


@clients.command("rotate-secret")
def rotate_secret(
    client_id: ClientId,
    overlap: Annotated[
        str, typer.Option(help="How long the old secret keeps working, as 0s, 1h, 7d.")
    ] = "24h",
    as_json: AsJson = False,
) -> None:
    """Give an application a new secret, shown this once."""
    try:
        duration = parse_duration(overlap)
    except ValueError:
        raise typer.BadParameter("must be a duration such as 0s, 1h or 7d") from None

    async def rotate(context: AppContext) -> Registered:
        client = await _client(context, client_id)
        return await context.registry.rotate_secret(client, overlap=duration)

    _tell(run(rotate), as_json)


@clients.command()
def disable(client_id: ClientId, as_json: AsJson = False) -> None:
    """Refuse an application and its tokens at once, and forget nothing; see `enable`."""
    _change(client_id, lambda context, client: context.registry.disable(client), as_json)


@clients.command()
def enable(client_id: ClientId, as_json: AsJson = False) -> None:
    """Let a disabled application in again; tokens that have not expired work again."""
    _change(client_id, lambda context, client: context.registry.enable(client), as_json)


@clients.command()
def delete(
    client_id: ClientId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete an application; all its tokens are dead at once."""
    if not yes and sys.stdin.isatty():
        typer.confirm("Delete this app, with everything that people allowed it?", abort=True)

    async def remove(context: AppContext) -> None:
        await context.registry.delete(await _client(context, client_id))

    run(remove)


def _change(
    client_id: str, change: Callable[[AppContext, Client], Awaitable[Client]], as_json: bool
) -> None:
    async def command(context: AppContext) -> Registered:
        return Registered(await change(context, await _client(context, client_id)), None)

    _tell(run(command), as_json, secrecy=False)


def _given(**options: Any) -> dict[str, Any]:
    """What was said on the command line, in the types of a registration."""
    given = {name: value for name, value in options.items() if value is not None}
    if "scope" in given:
        given["scope"] = frozenset(given["scope"].split())
    if "redirect_uris" in given:
        given["redirect_uris"] = tuple(given["redirect_uris"])
    for name in ("grant_types", "response_types"):
        if name in given:
            given[name] = frozenset(given[name])
    return given


def _given_metadata(**options: Any) -> dict[str, Any]:
    given = {name: value for name, value in options.items() if value is not None}
    if "post_logout_redirect_uris" in given:
        given["post_logout_redirect_uris"] = tuple(given["post_logout_redirect_uris"])
    return given


def _asked(
    base: Registration, given: dict[str, Any], implicit: bool | None, metadata: dict[str, Any]
) -> Registration:
    asked = replace(base, **given, metadata=replace(base.metadata, **metadata))
    if implicit is True:
        kinds = asked.response_types | IMPLICIT_RESPONSE_TYPES
        return replace(asked, response_types=kinds)
    if implicit is False:
        return replace(asked, response_types=asked.response_types - IMPLICIT_RESPONSE_TYPES)
    return asked


def _registration(client: Client) -> Registration:
    fields = Registration.__dataclass_fields__
    return Registration(**{name: getattr(client, name) for name in fields})


async def _client(context: AppContext, client_id: str) -> Client:
    client = await context.stores.client(client_id)
    if client is None:
        raise Failed("there is no app with this client_id; see: quantimodo clients list")
    return client


async def _owner_id(context: AppContext, email: str) -> int:
    user = await context.stores.user_by_email(presented_email(email))
    if user is None:
        raise Failed("nobody has an account with this e-mail address")
    return user.id


async def _all(context: AppContext, owner_id: int | None) -> Sequence[Client]:
    found: list[Client] = []
    while page := await context.stores.clients(
        owner_id=owner_id, after=found[-1].id if found else ""
    ):
        found.extend(page)
    return found


def _tell(registered: Registered, as_json: bool, *, secrecy: bool = True) -> None:
    fields = _fields(registered.client)
    if secrecy:
        fields = _with_secret(fields, registered.secret)
    if as_json:
        print_json(fields)
        return
    print_fields(fields)
    if registered.secret is not None:
        typer.echo("\nKeep the secret now: it is never shown again.", err=True)


def _with_secret(fields: dict[str, Any], secret: Secret | None) -> dict[str, Any]:
    client_id = fields.pop("client_id")
    shown = None if secret is None else secret.reveal()
    return {"client_id": client_id, "client_secret": shown, **fields}


def _fields(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.id,
        "name": client.name,
        "description": client.description,
        "homepage_uri": client.homepage_uri,
        "policy_uri": client.policy_uri,
        "tos_uri": client.tos_uri,
        "redirect_uris": list(client.redirect_uris),
        "scope": " ".join(sorted(client.scope)),
        "grant_types": sorted(client.grant_types),
        "response_types": sorted(client.response_types),
        "public": client.public,
        "strict": client.strict,
        "first_party": client.first_party,
        "resource_server": client.resource_server,
        "token_format": client.token_format,
        "id_token_alg": client.id_token_alg,
        "include_claims_in_id_token": client.metadata.include_claims_in_id_token,
        "post_logout_redirect_uris": list(client.metadata.post_logout_redirect_uris),
        "backchannel_logout_uri": client.metadata.backchannel_logout_uri,
        "frontchannel_logout_uri": client.metadata.frontchannel_logout_uri,
        "owner_id": client.owner_id,
        "created_at": client.created_at,
        "disabled_at": client.disabled_at,
    }


def _kind(client: Client) -> str:
    words = ["public" if client.public else "confidential"]
    words += [
        word
        for word, holds in (
            ("strict", client.strict),
            ("first-party", client.first_party),
            ("resource server", client.resource_server),
        )
        if holds
    ]
    return ", ".join(words)
