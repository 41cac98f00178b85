"""`EmailChoiceStore`: which optional e-mails people get, and which summaries are due."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import NOW, Samples

from quantimodo.model.email_choices import EmailChoices
from quantimodo.ports.stores import Conflict, Stores

WEEK = timedelta(days=7)
LEASE = timedelta(minutes=5)


async def test_choices_come_back_as_saved_and_go_with_the_person(
    stores: Stores, samples: Samples
) -> None:
    store, person = stores.email_choices, await samples.user()
    assert await store.email_choices(person.id) is None
    some = EmailChoices(first_read=False, application=True, summary=True)
    for choices in (some, replace(some, summary=False), EmailChoices(application=False)):
        await store.save_email_choices(person.id, choices, NOW)
        assert await store.email_choices(person.id) == choices
    await stores.users.delete_user(person.id, NOW)
    assert await store.email_choices(person.id) is None
    with pytest.raises(Conflict):
        await store.save_email_choices(person.id, some, NOW)


async def test_a_due_summary_is_claimed_once_until_it_is_finished(
    stores: Stores, samples: Samples
) -> None:
    store, on = stores.email_choices, EmailChoices(summary=True)
    people = [await samples.user() for _ in range(4)]
    for person in people[:3]:
        await store.save_email_choices(person.id, on, NOW)
    await store.save_email_choices(people[0].id, on, NOW + WEEK)  # the earlier time stays
    await store.save_email_choices(people[3].id, EmailChoices(), NOW)
    assert await store.claim_summaries(NOW - LEASE, LEASE, 50) == []
    claims = await asyncio.gather(*(store.claim_summaries(NOW, LEASE, 2) for _ in range(4)))
    taken = sorted(user_id for claim in claims for user_id in claim)
    assert taken == sorted(person.id for person in people[:3])
    await store.finish_summary(people[0].id, NOW + WEEK)
    await store.save_email_choices(people[1].id, EmailChoices(), NOW)
    await store.finish_summary(people[1].id, NOW + WEEK)
    # The claim of the third person ended: its process stopped before the e-mail was sent.
    assert await store.claim_summaries(NOW + LEASE, LEASE, 50) == [people[2].id]
    later = await store.claim_summaries(NOW + WEEK, LEASE, 50)
    assert sorted(later) == sorted([people[0].id, people[2].id])
