"""Whoever has a signing key signs what they like; the operator takes the key away at once."""

from datetime import timedelta

from quantimodo.crypto.jwks import open_signer
from quantimodo.keys.keyring import SEAL_PURPOSE
from quantimodo.protocol.vocabulary import ACCESS_TOKEN_TYPE
from world import App, World

JWKS = "/.well-known/jwks.json"


async def published(world: World) -> set[str]:
    return {key["kid"] for key in (await world.browser().get(JWKS)).json()["keys"]}


async def forged(world: World, app: App, subject: str) -> str:
    """An access token by somebody who has the key that signs."""
    (key,) = [k for k in await world.house.stores.signing_keys() if k.algorithm == "ES256"]
    private = world.house.envelope.open(key.sealed_private, SEAL_PURPOSE)
    policy, now = world.house.token_policy, world.house.clock.now()
    claims = {
        "iss": policy.issuer,
        "sub": subject,
        "aud": policy.audience,
        "client_id": app.id,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(hours=1)).timestamp()),
        "jti": "forged",
        "scope": "basic",
    }
    return open_signer(key.kid, "ES256", private).sign(claims, ACCESS_TOKEN_TYPE)


async def test_what_a_deleted_key_signed_is_worth_nothing(world: World) -> None:
    ann = await world.person()
    app = await world.app(token_format="jwt", resource_server=True)
    other = await world.app()
    browser = await world.signed_in()
    signed, opaque = await world.tokens(app, browser), await world.tokens(other, browser)
    stolen = await forged(world, app, ann.subject)
    assert (await world.introspect(app, stolen))["active"]  # as long as the key is there
    leaked = await published(world)

    world.advance(minutes=1)
    await world.house.rotation.rotate(timedelta(0))
    for kid in leaked:
        assert await world.house.rotation.delete(kid)
    await world.house.keyring.load()  # as each worker does once a minute

    assert not await published(world) & leaked
    assert await world.introspect(app, stolen) == {"active": False}
    assert (await world.call(signed["access_token"])).status_code == 401
    assert (await world.call(opaque["access_token"])).status_code == 200
    fresh = (await world.refresh(app, signed["refresh_token"])).json()
    assert (await world.call(fresh["access_token"])).status_code == 200
