"""security.md §21: neither a text nor a duration shows whether an address has an account.

Time is compared as work: the calls that reach the database and the hasher, one by one. Hashing and
durable writes are all that takes long enough to be seen from outside.
"""

from collections.abc import Awaitable

import pytest

from quantimodo.accounts.errors import DomainError, TooMany
from quantimodo.model.secrets import Secret
from support.account_services import ADDRESS, PASSWORD, AccountServices

KNOWN, UNKNOWN = "ann@example.org", "unknown@example.org"


async def work_of(services: AccountServices, doing: Awaitable[object]) -> list[str]:
    with services.doing() as work:
        await doing
    return work


async def refused_work(
    services: AccountServices, email: str, password: str = "wrong one"
) -> list[str]:
    with services.doing() as work, pytest.raises(DomainError):
        await services.sign_in(email, password)
    return work


@pytest.mark.parametrize("unknown", [UNKNOWN, "not an address", "", "a\ud800@example.org"])
async def test_a_wrong_password_and_an_unknown_address_are_the_same_work(
    services: AccountServices, unknown: str
) -> None:
    await services.member()
    known = await refused_work(services, KNOWN)
    assert known == await refused_work(services, unknown)
    assert known == ["hit", "user_by_email", "hit", "password_hash", "verify"]


async def test_an_account_without_a_password_is_the_same_work(services: AccountServices) -> None:
    await services.member("federated@example.org", password=None)
    assert await refused_work(services, "federated@example.org") == await refused_work(
        services, UNKNOWN
    )


async def test_a_disabled_account_is_the_same_work_even_with_its_password(
    services: AccountServices,
) -> None:
    ann = await services.member()
    await services.accounts.administration.disable(ann.id)
    assert await refused_work(services, KNOWN, PASSWORD) == await refused_work(services, UNKNOWN)


async def test_an_endless_password_is_the_same_work(services: AccountServices) -> None:
    await services.member()
    assert await refused_work(services, KNOWN, "x" * 9999) == await refused_work(services, UNKNOWN)


async def test_the_limit_of_attempts_is_the_same_for_an_unknown_address(
    services: AccountServices,
) -> None:
    await services.member()
    for email in (KNOWN, UNKNOWN):
        for _ in range(10):
            with pytest.raises(DomainError):
                await services.sign_in(email, "wrong one")
        with pytest.raises(TooMany):
            await services.sign_in(email, "wrong one")


async def test_sign_up_is_the_same_work_for_an_address_with_an_account(
    services: AccountServices,
) -> None:
    await services.member()
    taken = await work_of(services, services.sign_up(KNOWN))
    free = await work_of(services, services.sign_up(UNKNOWN))
    limits = ["hit", "hit", "hit"]  # new passwords, the network address, the e-mail address
    writes = ["hash", "user_by_email", "add_email_token", "add_mail"]
    assert taken == free == limits + writes


async def test_only_the_owner_reads_that_there_is_an_account(services: AccountServices) -> None:
    await services.member()
    await services.sign_up("ANN@example.org")
    (email,) = await services.emails()
    assert email.to == KNOWN
    assert email.subject == "You already have an account"
    assert "token=" not in email.text


async def test_a_reset_is_as_many_writes_for_an_unknown_address(services: AccountServices) -> None:
    await services.member()
    known = await work_of(
        services, services.accounts.recovery.request_reset(KNOWN, address=ADDRESS)
    )
    unknown = await work_of(
        services, services.accounts.recovery.request_reset(UNKNOWN, address=ADDRESS)
    )
    assert known == ["hit", "hit", "user_by_email", "add_email_token", "add_mail"]
    assert unknown == ["hit", "hit", "user_by_email", "add_email_token", "add_email_token"]


async def test_a_reset_limit_is_the_same_for_an_unknown_address(services: AccountServices) -> None:
    await services.member()
    for email in (KNOWN, UNKNOWN):
        for _ in range(5):
            await services.accounts.recovery.request_reset(email, address=ADDRESS)
        with pytest.raises(TooMany):
            await services.accounts.recovery.request_reset(email, address=ADDRESS)


async def test_a_reset_email_goes_to_the_stored_address_not_to_a_similar_one(
    services: AccountServices,
) -> None:
    """Where case counts in a mailbox's name, the similar address is another person's."""
    await services.member("straße@example.org")
    await services.accounts.recovery.request_reset("STRAẞE@example.org", address=ADDRESS)
    (email,) = await services.emails()
    assert email.to == "straße@example.org"


async def test_no_email_goes_to_an_address_that_differs_in_one_character(
    services: AccountServices,
) -> None:
    await services.member("strasse@example.org")
    await services.accounts.recovery.request_reset("straße@example.org", address=ADDRESS)
    assert await services.emails() == []


async def test_a_signed_in_person_does_not_learn_it_by_a_change_of_address(
    services: AccountServices,
) -> None:
    await services.member("me@example.org")
    await services.member()
    work = {}
    for email in (KNOWN, UNKNOWN):
        session = await services.session(await services.sign_in("me@example.org"))
        work[email] = await work_of(
            services, services.accounts.changes.change_email(session, Secret(PASSWORD), email)
        )
    assert work[KNOWN] == work[UNKNOWN]
    unknown_email, known_email = await services.emails()
    assert (unknown_email.to, known_email.to) == (UNKNOWN, KNOWN)
    assert "token=" in unknown_email.text
    assert "token=" not in known_email.text
