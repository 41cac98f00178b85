"""A attacker of a signing key can sign anything; the operator can withdraw the key at once."""

from datetime import timedelta

from quantimodo.crypto.jwks import open_signer
from quantimodo.keys.keyring import SEAL_PURPOSE
from quantimodo.protocol.constants import ACCESS_TOKEN_TYPE
from support.app import App, AppHarness

JWKS = "/.well-known/jwks.json"


async def published(harness: AppHarness) -> set[str]:
    return {key["kid"] for key in (await harness.browser().get(JWKS)).json()["keys"]}


async def forged(harness: AppHarness, app: App, subject: str) -> str:
    """An access token that a attacker of the signing key made."""
    (key,) = [k for k in await harness.context.stores.keys.signing_keys() if k.algorithm == "ES256"]
    private = harness.context.envelope.open(key.sealed_private, SEAL_PURPOSE)
    policy, now = harness.context.token_policy, harness.context.clock.now()
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


async def test_a_signature_of_a_deleted_key_is_refused(harness: AppHarness) -> None:
    ann = await harness.person()
    app = await harness.app(token_format="jwt", resource_server=True)
    other = await harness.app()
    browser = await harness.signed_in()
    signed, opaque = await harness.tokens(app, browser), await harness.tokens(other, browser)
    stolen = await forged(harness, app, ann.subject)
    assert (await harness.introspect(app, stolen))["active"]  # as long as the key is there
    leaked = await published(harness)

    harness.advance(minutes=1)
    await harness.context.rotation.rotate(timedelta(0))
    for kid in leaked:
        assert await harness.context.rotation.delete(kid)
    await harness.context.keyring.load()  # as each worker does once a minute

    assert not await published(harness) & leaked
    assert await harness.introspect(app, stolen) == {"active": False}
    assert (await harness.call(signed["access_token"])).status_code == 401
    assert (await harness.call(opaque["access_token"])).status_code == 200
    fresh = (await harness.refresh(app, signed["refresh_token"])).json()
    assert (await harness.call(fresh["access_token"])).status_code == 200
