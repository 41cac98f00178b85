"""`AuthorizationStore`: what a consent allows, how it narrows live grants, and its history."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
from samples import LATER, NOW, SOON, Samples, access_token_of, code_of, consent, key, refresh_token

from quantimodo.model.consent_details import DetailRule, consent_details, covers
from quantimodo.model.consents import Consent
from quantimodo.model.tokens import Grant
from quantimodo.ports.stores import Stores
from quantimodo.protocol.consent_details import from_json_or_none, to_json_or_none
from quantimodo.protocol.scopes import effective

READ = frozenset({"read"})
SLEEP = consent_details([DetailRule(actions=READ, categories=frozenset({"Sleep"}), days=90)])
MOOD = consent_details([DetailRule(actions=READ, variables=frozenset({"Mood"}), since=NOW)])
BOTH = consent_details([*SLEEP.rules, *MOOD.rules])
SCOPE = frozenset({"basic", "readmeasurements"})
_NUMBERS = count()


def changed(**changes: object) -> Callable[[Consent], Consent]:
    return lambda before: replace(before, updated_at=SOON, **changes)  # type: ignore[arg-type]


async def given_consent(stores: Stores, samples: Samples, **changes: object) -> Consent:
    person, application = await samples.user(), await samples.client()
    given = replace(consent(person, application.id, *SCOPE), **changes)  # type: ignore[arg-type]
    return await stores.authorizations.save_consent(given)


def grant_of(given: Consent) -> Grant:
    """All that the consent allows."""
    scope, details = effective(given.scope, given.details)
    return Grant(
        id=key(f"grant of a consent {next(_NUMBERS)}"),
        client_id=given.client_id,
        user_id=given.user_id,
        scope=scope,
        authenticated_at=NOW,
        created_at=NOW,
        expires_at=LATER if given.expires_at is None else min(LATER, given.expires_at),
        details=to_json_or_none(details),
    )


async def begun(stores: Stores, given: Consent) -> Grant:
    grant = grant_of(given)
    assert await stores.authorizations.add_grant(grant, code_of(grant))
    return grant


async def stored_grant(stores: Stores, grant: Grant) -> tuple[Grant, bool]:
    found = await stores.tokens.authorization_code(code_of(grant).key)
    assert found is not None
    return found.grant, found.revoked


async def test_details_and_end_come_back_as_saved(stores: Stores, samples: Samples) -> None:
    given = await given_consent(
        stores,
        samples,
        details=SLEEP,
        requested_details=BOTH,
        expires_at=SOON,
        declined_scope=frozenset({"email"}),
    )
    found = await stores.authorizations.consent(given.user_id, given.client_id)
    assert found == given
    assert found.details == SLEEP
    assert not found.has_ended(NOW)
    assert found.has_ended(SOON)


async def test_a_narrow_consent_narrows_each_live_token_at_once(
    stores: Stores, samples: Samples
) -> None:
    given = await given_consent(stores, samples)
    unused, used = await begun(stores, given), await begun(stores, given)
    access, refresh = access_token_of(used, "narrow"), refresh_token(used, "narrow")
    assert await stores.tokens.redeem(code_of(used), NOW, access, refresh)
    found = await stores.tokens.access_token(access.key)
    assert found is not None
    assert (found.details, found.expires_at) == (None, access.expires_at)

    key_of_consent = (given.user_id, given.client_id)
    end = NOW.replace(microsecond=0)
    narrow = changed(details=SLEEP, expires_at=end)
    assert await stores.authorizations.change_consent(*key_of_consent, narrow)

    text = to_json_or_none(SLEEP)
    for grant in (unused, used):
        now, revoked = await stored_grant(stores, grant)
        assert (now.details, now.expires_at, now.scope, revoked) == (text, end, SCOPE, False)
    found = await stores.tokens.access_token(access.key)
    assert found is not None
    assert (found.details, found.expires_at, found.revoked) == (text, end, False)
    status = await stores.tokens.token_status("jti", given.client_id, used.id)
    assert status is not None
    assert (status.details, status.expires_at) == (text, end)
    spent = await stores.tokens.refresh_token(refresh.key)
    assert spent is not None
    assert (spent.grant.details, spent.grant.expires_at) == (text, end)


async def test_a_wider_consent_widens_no_grant(stores: Stores, samples: Samples) -> None:
    given = await given_consent(stores, samples, details=SLEEP, expires_at=SOON)
    grant = await begun(stores, given)
    key_of_consent = (given.user_id, given.client_id)
    wide = changed(details=None, expires_at=None)
    assert await stores.authorizations.change_consent(*key_of_consent, wide)
    stored, _ = await stored_grant(stores, grant)
    assert (stored.details, stored.expires_at) == (to_json_or_none(SLEEP), SOON)
    assert await stores.authorizations.add_grant(
        wider := grant_of(replace(given, details=None, expires_at=None)), code_of(wider)
    )


async def test_grants_of_others_stay_as_they_are(stores: Stores, samples: Samples) -> None:
    given, other = await given_consent(stores, samples), await given_consent(stores, samples)
    grant = await begun(stores, other)
    assert await stores.authorizations.change_consent(
        given.user_id, given.client_id, changed(details=SLEEP)
    )
    assert (await stored_grant(stores, grant))[0].details is None


async def test_a_grant_with_an_identity_scope_that_is_gone_is_revoked(
    stores: Stores, samples: Samples
) -> None:
    given = await given_consent(stores, samples)
    grant = await begun(stores, given)
    without = changed(scope=frozenset({"readmeasurements"}))
    assert await stores.authorizations.change_consent(given.user_id, given.client_id, without)
    assert (await stored_grant(stores, grant))[1]


async def test_a_grant_without_any_scope_left_is_revoked(stores: Stores, samples: Samples) -> None:
    given = await given_consent(stores, samples, scope=frozenset({"readmeasurements"}))
    grant = await begun(stores, given)
    nothing = changed(details=consent_details([]), scope=frozenset())
    assert await stores.authorizations.change_consent(given.user_id, given.client_id, nothing)
    assert (await stored_grant(stores, grant))[1]


async def test_nothing_begins_beyond_details_and_end(stores: Stores, samples: Samples) -> None:
    given = await given_consent(stores, samples, details=SLEEP, expires_at=SOON)
    grant = grant_of(given)
    for wider in (
        grant._replace(details=None),
        grant._replace(details=to_json_or_none(BOTH)),
        grant._replace(expires_at=LATER),
    ):
        assert not await stores.authorizations.add_grant(wider, code_of(wider))
    assert await stores.authorizations.add_grant(grant, code_of(grant))


async def test_a_grant_during_the_narrowing_of_a_consent_is_never_wider(
    stores: Stores, samples: Samples
) -> None:
    for _ in range(10):
        given = await given_consent(stores, samples)
        before = [await begun(stores, given) for _ in range(3)]
        during = [grant_of(given) for _ in range(4)]
        tokens = [access_token_of(each, f"race {next(_NUMBERS)}") for each in before]
        narrow = changed(details=SLEEP, expires_at=SOON)
        await asyncio.gather(
            *(stores.authorizations.add_grant(each, code_of(each)) for each in during[:2]),
            *(
                stores.tokens.redeem(code_of(grant), NOW, token, None)
                for grant, token in zip(before, tokens, strict=True)
            ),
            stores.authorizations.change_consent(given.user_id, given.client_id, narrow),
            *(stores.authorizations.add_grant(each, code_of(each)) for each in during[2:]),
        )
        for grant in (*before, *during):
            found = await stores.tokens.authorization_code(code_of(grant).key)
            if found is not None:
                assert covers(SLEEP, from_json_or_none(found.grant.details))
                assert found.grant.expires_at == SOON
        for token in tokens:
            stored = await stores.tokens.access_token(token.key)
            assert stored is not None
            assert covers(SLEEP, from_json_or_none(stored.details))


async def test_a_new_decision_replaces_what_it_is_about(stores: Stores, samples: Samples) -> None:
    given = await given_consent(stores, samples)
    grant = await begun(stores, given)
    narrow = replace(given, details=SLEEP, updated_at=SOON)
    saved = await stores.authorizations.save_consent(narrow)
    assert (saved.details, saved.requested_details) == (SLEEP, None)
    assert (await stored_grant(stores, grant))[0].details == to_json_or_none(SLEEP)
    # A client that shows no page adds nothing to what the person narrowed.
    silent = await stores.authorizations.save_consent(given, decided=False)
    assert silent.details == SLEEP
    assert await stores.authorizations.consent(given.user_id, given.client_id) == silent


async def test_after_its_end_a_consent_counts_no_more(stores: Stores, samples: Samples) -> None:
    given = await given_consent(stores, samples, expires_at=SOON)
    again = replace(
        consent(given.user_id, given.client_id, "openid"), granted_at=LATER, updated_at=LATER
    )
    assert await stores.authorizations.save_consent(again) == again


async def test_a_missing_consent_is_not_changed(stores: Stores, samples: Samples) -> None:
    person, application = await samples.user(), await samples.client()
    assert not await stores.authorizations.change_consent(person.id, application.id, changed())
    assert await stores.authorizations.changes_of_consent(person.id, application.id) == []


async def test_a_refused_change_changes_nothing(stores: Stores, samples: Samples) -> None:
    given = await given_consent(stores, samples)

    def refuse(_: Consent) -> Consent:
        raise LookupError("refused")

    with pytest.raises(LookupError):
        await stores.authorizations.change_consent(given.user_id, given.client_id, refuse)
    assert await stores.authorizations.change_consent(
        given.user_id, given.client_id, lambda _: None
    )
    assert await stores.authorizations.consent(given.user_id, given.client_id) == given
    assert len(await stores.authorizations.changes_of_consent(given.user_id, given.client_id)) == 1


async def test_the_history_has_each_change_newest_first(stores: Stores, samples: Samples) -> None:
    given = await given_consent(stores, samples)
    key_of_consent = (given.user_id, given.client_id)
    await stores.authorizations.save_consent(given)  # nothing new
    await stores.authorizations.change_consent(
        *key_of_consent, changed(details=SLEEP, expires_at=SOON)
    )
    await stores.authorizations.withdraw_consent(*key_of_consent, LATER)
    history = await stores.authorizations.changes_of_consent(*key_of_consent)
    assert [(each.kind, each.details, each.expires_at) for each in history] == [
        ("withdrawn", None, None),
        ("changed", SLEEP, SOON),
        ("given", None, None),
    ]
    assert [each.scope for each in history] == [frozenset(), SCOPE, SCOPE]
    assert [each.at for each in history] == [LATER, SOON, NOW]


async def test_the_history_keeps_a_hundred_changes(stores: Stores, samples: Samples) -> None:
    given = await given_consent(stores, samples)
    key_of_consent = (given.user_id, given.client_id)
    for number in range(104):
        details = SLEEP if number % 2 else MOOD
        await stores.authorizations.change_consent(*key_of_consent, changed(details=details))
    history = await stores.authorizations.changes_of_consent(*key_of_consent)
    assert len(history) == 100
    assert history[0].details == SLEEP
