"""An access token for a developer's terminal, without a browser: on development servers only.

The operator of the machine decides for the person, which no network request can do. The token has a
consent and a grant like any other, so the person sees it and can withdraw it.
"""

from datetime import timedelta
from typing import Any, Final

from quantimodo.app.composition.authorization import token_minter
from quantimodo.app.composition.services import AppContext
from quantimodo.crypto.tokens import moment_bytes
from quantimodo.model.clients import Client
from quantimodo.model.consents import Consent
from quantimodo.model.tokens import Grant
from quantimodo.model.users import User
from quantimodo.tokens.minted_tokens import Authorization, TokenBinding
from quantimodo.tokens.minter import access_token_parameters

_LIFETIME: Final = timedelta(days=1)


async def development_token(
    context: AppContext, user: User, client: Client, scope: frozenset[str]
) -> dict[str, Any] | None:
    """The members of a token response for this person and client; the consent is saved.

    `scope` is part of the client's. None if the person or the client was disabled or deleted.
    Raises `Conflict` when one of them was deleted meanwhile.
    """
    if not user.usable or client.disabled_at is not None:
        return None
    stores, now, minter = context.stores, context.clock.now(), token_minter(context)
    consent = Consent(
        user_id=user.id, client_id=client.id, scope=scope, granted_at=now, updated_at=now
    )
    await stores.authorizations.save_consent(consent)
    grant = Grant(
        id=moment_bytes(now) + context.entropy.bytes(12),
        client_id=client.id,
        user_id=user.id,
        scope=scope,
        authenticated_at=now,
        created_at=now,
        expires_at=now + _LIFETIME,
    )
    authorization = Authorization(client, grant, user)
    access = minter.mint_access_token(authorization, scope, now, TokenBinding())
    if not await stores.authorizations.add_grant(grant, None, access.row):
        return None
    return access_token_parameters(access, await minter.text(access), now)
