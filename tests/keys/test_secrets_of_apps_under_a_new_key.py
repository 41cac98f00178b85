"""Secrets of authenticator apps are encrypted again under the newest secret key, so that an older
key can be removed."""

from dataclasses import replace

import pytest

from quantimodo.accounts.second_factors.secret_resealing import (
    SecretKeysInUse,
    SecretResealing,
    secret_keys_in_use,
)
from quantimodo.app.composition.services import AppContext
from quantimodo.crypto.envelope import DecryptionFailed, Envelope
from quantimodo.model.secrets import Secret
from support.app import AppHarness, OpenHarness
from support.authenticator_app import protected

OLD, NEW = "A" * 43, "B" * 42 + "A"


async def renew_signing_keys(context: AppContext) -> None:
    """As an operator does before an old secret key is removed."""
    for key in await context.stores.keys.signing_keys():
        await context.stores.keys.delete_signing_key(key.kid)
    await context.rotation.ensure()


async def used(context: AppContext) -> SecretKeysInUse:
    return await secret_keys_in_use(context.stores.second_factors, context.envelope)


async def test_the_background_pass_encrypts_all_of_them_and_ends(
    harness: AppHarness, reopened: OpenHarness
) -> None:
    ann, _ = await protected(harness)
    async with reopened(secret_key=f"{NEW}\n{OLD}") as between:
        context = between.context
        assert await used(context) == SecretKeysInUse(older=1, lost=0)
        resealing = SecretResealing(store=context.stores.second_factors, envelope=context.envelope)
        assert await resealing.round() == 1
        assert resealing.after is None
        assert await resealing.round() == 0
        assert await used(context) == SecretKeysInUse(older=0, lost=0)
        await renew_signing_keys(context)
    async with reopened(secret_key=NEW) as again:
        assert await again.context.second_factors.status(ann) is not None
        assert await used(again.context) == SecretKeysInUse(older=0, lost=0)


async def test_a_code_that_is_used_encrypts_its_secret_again(
    harness: AppHarness, reopened: OpenHarness
) -> None:
    ann, app = await protected(harness)
    async with reopened(secret_key=f"{NEW}\n{OLD}") as between:
        (factor, *_) = between.context.accounts.login.second_factors.factors
        now = between.context.clock.now()
        assert await factor.verify(ann, Secret(app.code(now))) == ("otp",)
        assert await used(between.context) == SecretKeysInUse(older=0, lost=0)
        assert await factor.verify(ann, Secret(app.code(now))) is None, "each code counts once"


async def test_a_secret_that_is_encrypted_again_meanwhile_does_not_refuse_the_code(
    harness: AppHarness, reopened: OpenHarness
) -> None:
    ann, app = await protected(harness)
    async with reopened(secret_key=f"{NEW}\n{OLD}") as between:
        context = between.context
        (factor, *_) = context.accounts.login.second_factors.factors
        store = context.stores.second_factors

        class Meanwhile:
            """The store, in which another process encrypts the secret after the first read."""

            reads = 0

            async def totp_factor(self, user_id: int) -> object:
                found = await store.totp_factor(user_id)
                self.reads += 1
                if self.reads == 1:
                    await SecretResealing(store=store, envelope=context.envelope).round()
                return found

            def __getattr__(self, name: str) -> object:
                return getattr(store, name)

        raced = replace(factor, store=Meanwhile())  # type: ignore[type-var]
        assert await raced.verify(ann, Secret(app.code(context.clock.now()))) == ("otp",)


async def test_a_key_that_was_removed_too_early_is_reported(
    harness: AppHarness, reopened: OpenHarness
) -> None:
    await protected(harness)
    async with reopened(secret_key=f"{NEW}\n{OLD}") as between:
        await renew_signing_keys(between.context)
    async with reopened(secret_key=NEW) as again:
        context = again.context
        assert await used(context) == SecretKeysInUse(older=0, lost=1)
        resealing = SecretResealing(store=context.stores.second_factors, envelope=context.envelope)
        assert await resealing.round() == 0


def test_values_of_the_current_key_are_not_encrypted_again(harness: AppHarness) -> None:
    entropy = harness.context.entropy
    old, new = b"o" * 32, b"n" * 32
    sealed = Envelope([old], entropy).seal(b"a secret", "a purpose")
    both = Envelope([new, old], entropy)
    fresh = both.reseal(sealed, "a purpose")
    assert fresh is not None
    assert both.reseal(fresh, "a purpose") is None
    assert Envelope([new], entropy).open(fresh, "a purpose") == b"a secret"
    with pytest.raises(DecryptionFailed):
        both.reseal(sealed, "another purpose")
