"""The demo application and person of a development server.

`quantimodo serve` makes them before the first request, so that the playground and `quantimodo
token` work at once. The person has no password and signs in through the sandbox only, so a server
without the sandbox accepts no sign-in to this account.
"""

from typing import Final

from quantimodo.accounts.account_creation import mint_subject
from quantimodo.app.composition.services import AppContext
from quantimodo.app.settings.reading import Settings
from quantimodo.clients.errors import ChangedMeanwhile
from quantimodo.clients.metadata import with_metadata
from quantimodo.model.clients import Client
from quantimodo.model.identities import NewIdentity
from quantimodo.model.users import NewUser
from quantimodo.pages.portal.playground import CALLBACK
from quantimodo.ports.stores import Conflict
from quantimodo.protocol.registration import Registration, normalise
from quantimodo.sandbox import fake_providers
from quantimodo.sandbox.google import GoogleProfile
from quantimodo.sandbox.people import DEMO_PERSON, find_person

DEMO_CLIENT_ID: Final = "demo"
DEMO_EMAIL: Final = "ada@example.org"
_LOOPBACK_CALLBACK: Final = "http://127.0.0.1/callback"


def has_demo_data(settings: Settings) -> bool:
    """Whether this server has them: only with the sandbox, whose Google signs the person in."""
    return bool(settings.development and settings.sandbox) and "google" not in settings.providers


async def ensure_demo_data(context: AppContext) -> None:
    """Make the application and the person, unless they exist. Safe in any number of processes."""
    await _ensure_client(context)
    await _ensure_person(context)


async def _ensure_client(context: AppContext) -> None:
    registration = Registration(
        name="Demo",
        description="The application of the playground on this development server.",
        redirect_uris=(context.settings.issuer + CALLBACK, _LOOPBACK_CALLBACK),
        public=True,
    )
    client = await context.stores.clients.client(DEMO_CLIENT_ID)
    try:
        if client is None:
            bare = Client(id=DEMO_CLIENT_ID, name=registration.name, created_at=context.clock.now())
            await context.stores.clients.add_client(with_metadata(bare, normalise(registration)))
        elif client.redirect_uris != registration.redirect_uris:  # the server has another port now
            await context.registry.change(client, registration, by_operator=True)
    except (Conflict, ChangedMeanwhile):  # another process was first
        return


async def _ensure_person(context: AppContext) -> None:
    person = find_person(DEMO_PERSON)
    if person is None or await context.stores.users.user_by_email(DEMO_EMAIL) is not None:
        return
    now = context.clock.now()
    user = NewUser(
        subject=mint_subject(context.entropy),
        name=person.name,
        email=DEMO_EMAIL,
        created_at=now,
        email_verified_at=now,
    )
    identity = NewIdentity(
        provider="google",
        issuer=fake_providers.google(context.settings.issuer).issuer,
        subject=GoogleProfile().subject(person),
        name=person.name,
        email=DEMO_EMAIL,
        created_at=now,
        stated_at=now,
    )
    try:
        await context.stores.identities.add_user_with_identity(user, identity)
    except Conflict:
        return
