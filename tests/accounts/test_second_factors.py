"""Authenticator apps and recovery codes (RFC 6238): set up, used once each, replaced, removed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from quantimodo.accounts.errors import DomainError, ReauthenticationNeeded, TooMany
from quantimodo.accounts.login import LoginBrowser, SecondFactorNeeded
from quantimodo.accounts.second_factors.required_enrolment import CompletedEnrolment
from quantimodo.model.second_factors import TotpEnrolment
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import PendingLogin, Session
from quantimodo.model.users import User
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Stores
from support.account_services import (
    ADDRESS,
    AGENT,
    AccountServices,
    MovableClock,
    open_account_services,
    with_factors,
)
from support.second_factor import RIGHT, FakeSecondFactor

BROWSER = LoginBrowser(address=ADDRESS, agent=AGENT)
WRONG_CODES = ["000000", "", "12345", "1234567", "١٢٣٤٥٦", "aaaa-bbbb-cccc-dddd", "x" * 5000]


@pytest.fixture
async def services(
    stores: Stores, clock: MovableClock, entropy: Entropy
) -> AsyncIterator[AccountServices]:
    opened = open_account_services(stores, clock, entropy)
    yield opened
    opened.hasher.close()


@pytest.fixture
async def ann(services: AccountServices) -> User:
    return await services.member()


async def start(services: AccountServices, user: User, *methods: str) -> Session:
    """A session that was signed in to just now."""
    cookie = await services.sessions.start(
        user, methods=methods or ("pwd",), address=ADDRESS, agent=AGENT, replaces=None
    )
    return await services.session(cookie)


async def begin(services: AccountServices, session: Session) -> pyotp.TOTP:
    """What an authenticator app makes of the QR code."""
    await services.second_factors.begin(session)
    enrolment = await services.second_factors.enrolment(session.user, session.key)
    assert enrolment is not None
    app = pyotp.parse_uri(enrolment.uri.reveal())
    assert isinstance(app, pyotp.TOTP)
    assert app.secret == enrolment.secret.reveal()
    return app


def code_of(app: pyotp.TOTP, services: AccountServices, steps: int = 0) -> Secret:
    return Secret(app.at(services.clock.now(), counter_offset=steps))


async def set_up(
    services: AccountServices, user: User
) -> tuple[pyotp.TOTP, Sequence[Secret], Session]:
    """An app in use, whose last code is a minute old."""
    session = await start(services, user)
    app = await begin(services, session)
    codes = await services.second_factors.confirm(session, code_of(app, services))
    advance(services, seconds=60)
    return app, codes, session


def advance(services: AccountServices, **by: float) -> None:
    services.clock.advance(timedelta(**by))  # type: ignore[attr-defined]


async def pending(services: AccountServices) -> Secret:
    """The cookie of a login by password. Of one person only the newest five are kept."""
    advance(services, milliseconds=1)
    login = await services.accounts.password_sign_in.sign_in(
        "ann@example.org", Secret("a horse of another colour"), BROWSER
    )
    assert isinstance(login, SecondFactorNeeded)
    return login.pending_cookie


async def sign_in(services: AccountServices, code: Secret) -> Session:
    started = await services.login.complete_pending(await pending(services), code, BROWSER)
    return await services.session(started.cookie)


def moved_to(user: User, sealed_secret: bytes) -> TotpEnrolment:
    """An enrolment of this person with the secret of another one."""
    at = datetime(2030, 1, 1, tzinfo=UTC)
    return TotpEnrolment(
        user_id=user.id, sealed_secret=sealed_secret, holder=b"holder", created_at=at, expires_at=at
    )


async def subjects(services: AccountServices) -> list[str]:
    """Of all e-mails, newest first."""
    return [mail.subject for mail in await services.emails()]


async def events(services: AccountServices, user: User) -> list[str]:
    await services.audit.flush()
    return [event.kind for event in await services.stores.events.events_of(user.id, 20)]


# ---------------------------------------------------------------------- setting up


async def test_an_app_counts_from_its_first_right_code_on(
    services: AccountServices, ann: User
) -> None:
    session = await start(services, ann)
    app = await begin(services, session)
    await services.sign_in()
    with pytest.raises(DomainError):
        await services.second_factors.confirm(session, Secret("000000"))
    await services.sign_in()
    codes = await services.second_factors.confirm(session, code_of(app, services))
    assert len({code.reveal() for code in codes}) == 10
    advance(services, seconds=30)
    signed_in = await sign_in(services, code_of(app, services))
    assert signed_in.methods == ("pwd", "otp", "mfa")


async def test_an_app_shows_the_account_and_the_server(
    services: AccountServices, ann: User
) -> None:
    app = await begin(services, await start(services, ann))
    assert (app.name, app.issuer) == ("ann@example.org", "id.example.org")
    assert (app.digits, app.interval) == (6, 30)
    assert len(app.byte_secret()) == 20


async def test_the_first_code_does_not_count_again(services: AccountServices, ann: User) -> None:
    session = await start(services, ann)
    app = await begin(services, session)
    code = code_of(app, services)
    await services.second_factors.confirm(session, code)
    with pytest.raises(DomainError):
        await sign_in(services, code)


async def test_only_the_browser_that_began_sees_the_secret_and_confirms(
    services: AccountServices, ann: User
) -> None:
    session, other = await start(services, ann), await start(services, ann)
    app = await begin(services, session)
    assert await services.second_factors.enrolment(ann, other.key) is None
    with pytest.raises(DomainError):
        await services.second_factors.confirm(other, code_of(app, services))
    assert await services.second_factors.status(ann) is None


async def test_a_set_up_that_waits_too_long_is_over(services: AccountServices, ann: User) -> None:
    session = await start(services, ann)
    app = await begin(services, session)
    advance(services, minutes=60)
    assert await services.second_factors.enrolment(ann, session.key) is None
    again = await start(services, ann)
    with pytest.raises(DomainError):
        await services.second_factors.confirm(again, code_of(app, services))


async def test_a_session_that_was_ended_adds_nothing(services: AccountServices, ann: User) -> None:
    session = await start(services, ann)
    app = await begin(services, session)
    await services.sessions.end(session)
    with pytest.raises(DomainError):
        await services.second_factors.confirm(session, code_of(app, services))
    assert await services.second_factors.status(ann) is None


async def test_codes_of_a_new_app_are_limited(services: AccountServices, ann: User) -> None:
    session = await start(services, ann)
    app = await begin(services, session)
    for _ in range(10):
        with pytest.raises(DomainError):
            await services.second_factors.confirm(session, Secret("000000"))
    with pytest.raises(TooMany):
        await services.second_factors.confirm(session, code_of(app, services))


async def test_the_secret_is_stored_encrypted_for_its_person(
    services: AccountServices, ann: User
) -> None:
    app, _, _ = await set_up(services, ann)
    factor = await services.stores.second_factors.totp_factor(ann.id)
    assert factor is not None
    assert app.secret.encode() not in factor.sealed_secret
    assert app.byte_secret() not in factor.sealed_secret
    assert app.secret not in repr(factor)
    bob = await services.member("bob@example.org")
    await services.stores.second_factors.save_totp_enrolment(moved_to(bob, factor.sealed_secret))
    assert await services.second_factors.enrolment(bob, b"holder") is None


# ---------------------------------------------------------------------- signing in


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_a_code_of_the_steps_next_to_now_counts(
    services: AccountServices, ann: User, steps: int
) -> None:
    """RFC 6238 §5.2."""
    app, _, _ = await set_up(services, ann)
    await sign_in(services, code_of(app, services, steps))


@pytest.mark.parametrize("steps", [-2, 2])
async def test_an_older_or_later_code_is_refused(
    services: AccountServices, ann: User, steps: int
) -> None:
    app, _, _ = await set_up(services, ann)
    with pytest.raises(DomainError):
        await sign_in(services, code_of(app, services, steps))


async def test_a_code_counts_once_and_ends_those_before_it(
    services: AccountServices, ann: User
) -> None:
    """RFC 6238 §5.2."""
    app, _, _ = await set_up(services, ann)
    earlier, code = code_of(app, services, -1), code_of(app, services)
    await sign_in(services, code)
    for again in (code, earlier):
        with pytest.raises(DomainError):
            await sign_in(services, again)


async def test_a_code_completes_one_of_several_logins_at_once(
    services: AccountServices, ann: User
) -> None:
    app, _, _ = await set_up(services, ann)
    cookies = [await pending(services) for _ in range(5)]
    code = code_of(app, services)
    results = await asyncio.gather(
        *(services.login.complete_pending(cookie, code, BROWSER) for cookie in cookies),
        return_exceptions=True,
    )
    assert sum(isinstance(each, DomainError) for each in results) == 4


async def test_spaces_in_a_code_do_not_matter(services: AccountServices, ann: User) -> None:
    app, _, _ = await set_up(services, ann)
    code = code_of(app, services).reveal()
    await sign_in(services, Secret(f" {code[:3]} {code[3:]} "))


@pytest.mark.parametrize("wrong", WRONG_CODES)
async def test_a_wrong_code_is_refused(services: AccountServices, ann: User, wrong: str) -> None:
    await set_up(services, ann)
    with pytest.raises(DomainError):
        await sign_in(services, Secret(wrong))
    assert (await events(services, ann))[0] == "second_factor.refused"


async def test_the_code_of_another_person_is_refused(services: AccountServices, ann: User) -> None:
    await set_up(services, ann)
    theirs, codes, _ = await set_up(services, await services.member("bob@example.org"))
    for code in (code_of(theirs, services), codes[0]):
        with pytest.raises(DomainError):
            await sign_in(services, code)


async def test_guesses_are_limited_over_all_logins_of_a_person(
    services: AccountServices, ann: User
) -> None:
    app, codes, _ = await set_up(services, ann)
    for _ in range(10):
        with pytest.raises(DomainError):
            await sign_in(services, Secret("000000"))
    for right in (code_of(app, services), codes[0]):
        with pytest.raises(TooMany):
            await sign_in(services, right)
    advance(services, minutes=15)
    await sign_in(services, code_of(app, services))


async def test_guesses_are_limited_in_the_long_run(services: AccountServices, ann: User) -> None:
    app, _, _ = await set_up(services, ann)
    for _quarter in range(5):
        for _ in range(10):
            with pytest.raises(DomainError):
                await sign_in(services, Secret("000000"))
        advance(services, minutes=15)
    with pytest.raises(TooMany):
        await sign_in(services, code_of(app, services))
    advance(services, hours=24)
    await sign_in(services, code_of(app, services))


async def test_guesses_from_elsewhere_lock_no_person_out_of_a_browser_that_they_use(
    services: AccountServices, ann: User
) -> None:
    """security.md §23a."""
    app, _, _ = await set_up(services, ann)
    for _ in range(10):
        with pytest.raises(DomainError):
            await sign_in(services, Secret("000000"))
    mine = LoginBrowser(address=ADDRESS, agent=AGENT, device_cookies=services.device_cookie(ann))
    cookie = await pending(services)
    await services.login.complete_pending(cookie, code_of(app, services), mine)
    with pytest.raises(TooMany):
        await sign_in(services, code_of(app, services, 1))


async def test_guesses_in_a_known_browser_are_limited_too(
    services: AccountServices, ann: User
) -> None:
    app, _, _ = await set_up(services, ann)
    mine = LoginBrowser(address=ADDRESS, agent=AGENT, device_cookies=services.device_cookie(ann))
    for _ in range(10):
        with pytest.raises(DomainError):
            await services.login.complete_pending(await pending(services), Secret("0"), mine)
    with pytest.raises(TooMany):
        await services.login.complete_pending(await pending(services), code_of(app, services), mine)


# ---------------------------------------------------------------------- recovery codes


async def test_a_recovery_code_signs_in_once(services: AccountServices, ann: User) -> None:
    _, codes, _ = await set_up(services, ann)
    signed_in = await sign_in(services, codes[4])
    assert signed_in.methods == ("pwd", "mfa"), "RFC 8176 has no value for it"
    with pytest.raises(DomainError):
        await sign_in(services, codes[4])
    status = await services.second_factors.status(ann)
    assert status is not None
    assert status.recovery_codes == 9
    assert "recovery_code.used" in await events(services, ann)
    mail = (await services.emails())[0]
    assert mail.subject == "A recovery code was used"
    assert "9 are left" in mail.text
    assert codes[4].reveal() not in mail.text


async def test_a_recovery_code_is_read_however_it_is_typed(
    services: AccountServices, ann: User
) -> None:
    _, codes, _ = await set_up(services, ann)
    typed = codes[0].reveal().upper().replace("-", " ").replace("O", "0").replace("L", "1")
    await sign_in(services, Secret(f" {typed} "))


async def test_recovery_codes_are_stored_as_digests(services: AccountServices, ann: User) -> None:
    _, codes, _ = await set_up(services, ann)
    digests = services.second_factors.recovery_codes.digests(ann.id, codes)
    assert {len(each) for each in digests} == {32}
    assert all(code.reveal().encode() not in b"".join(digests) for code in codes)
    bob = await services.member("bob@example.org")
    assert services.second_factors.recovery_codes.digests(bob.id, codes) != digests


async def test_new_recovery_codes_end_the_earlier_ones(
    services: AccountServices, ann: User
) -> None:
    app, old, _ = await set_up(services, ann)
    session = await sign_in(services, code_of(app, services))
    new = await services.second_factors.replace_recovery_codes(session)
    with pytest.raises(DomainError):
        await sign_in(services, old[0])
    await sign_in(services, new[0])
    assert "You have new recovery codes" in await subjects(services)


async def test_all_is_kept_when_the_secret_key_is_replaced(
    stores: Stores, services: AccountServices, ann: User
) -> None:
    """docs/operator: the first key encrypts, all decrypt."""
    codes = await set_up(services, ann)
    keys = services.second_factors.recovery_codes
    rotated = type(keys)(keys.entropy, [b"a new first key, of 32 bytes ...", *keys.keys])
    assert keys.digests(ann.id, codes[1])[0] in rotated.candidates(ann.id, codes[1][0])


# ---------------------------------------------------------------------- replacing, removing


async def test_another_app_takes_the_place_of_the_first(
    services: AccountServices, ann: User
) -> None:
    first, old_codes, _ = await set_up(services, ann)
    session = await sign_in(services, code_of(first, services))
    second = await begin(services, session)
    advance(services, seconds=30)
    await sign_in(services, code_of(first, services))
    await services.second_factors.confirm(session, code_of(second, services))
    advance(services, seconds=60)
    for ended in (code_of(first, services), old_codes[0]):
        with pytest.raises(DomainError):
            await sign_in(services, ended)
    await sign_in(services, code_of(second, services))
    assert "second_factor.replaced" in await events(services, ann)
    assert "Your authenticator app was replaced" in await subjects(services)


async def test_a_removed_factor_is_not_asked_for(services: AccountServices, ann: User) -> None:
    app, _, _ = await set_up(services, ann)
    session = await sign_in(services, code_of(app, services))
    await services.second_factors.delete(session)
    await services.sign_in()
    assert await services.second_factors.status(ann) is None
    kinds = await events(services, ann)
    assert {"second_factor.added", "second_factor.removed"} <= set(kinds)
    assert await subjects(services) == [
        "Two-step verification is off",
        "Two-step verification is on",
    ]


async def test_every_change_needs_a_recent_login(services: AccountServices, ann: User) -> None:
    """security.md §18."""
    app, _, _ = await set_up(services, ann)
    session = await sign_in(services, code_of(app, services))
    factors = services.second_factors
    await factors.begin(session)
    advance(services, minutes=11)
    for change in (factors.begin, factors.replace_recovery_codes, factors.delete):
        with pytest.raises(ReauthenticationNeeded):
            await change(session)
    with pytest.raises(ReauthenticationNeeded):
        await factors.confirm(session, code_of(app, services))


async def test_a_login_without_the_factor_changes_nothing_of_it(
    services: AccountServices, ann: User
) -> None:
    """A session from before, whose holder knows the password, is not enough."""
    _, _, before = await set_up(services, ann)
    factors = services.second_factors
    for session in (before, await start(services, ann, "pwd")):
        for change in (factors.begin, factors.replace_recovery_codes, factors.delete):
            with pytest.raises(ReauthenticationNeeded):
                await change(session)


async def test_a_password_alone_makes_no_login_by_a_second_factor_recent(
    services: AccountServices, ann: User
) -> None:
    app, _, _ = await set_up(services, ann)
    session = await sign_in(services, code_of(app, services))
    advance(services, minutes=11)
    cookie = await services.accounts.changes.change_password(
        session, Secret("a horse of another colour"), Secret("another fine one")
    )
    renewed = await services.session(cookie)
    assert renewed.authenticated_at == session.authenticated_at
    with pytest.raises(ReauthenticationNeeded):
        await services.second_factors.delete(renewed)


async def test_a_removal_by_a_session_that_was_ended_does_nothing(
    services: AccountServices, ann: User
) -> None:
    app, _, _ = await set_up(services, ann)
    session = await sign_in(services, code_of(app, services))
    await services.sessions.end_all(ann.id)
    for change in (
        services.second_factors.delete,
        services.second_factors.replace_recovery_codes,
    ):
        with pytest.raises(DomainError):
            await change(session)
    assert await services.second_factors.status(ann) is not None


async def test_the_operator_resets_it(services: AccountServices, ann: User) -> None:
    await set_up(services, ann)
    assert await services.second_factors.reset(ann)
    assert not await services.second_factors.reset(ann)
    await services.sign_in()
    assert (await events(services, ann)).count("second_factor.reset") == 1


async def test_no_e_mail_goes_to_an_address_that_is_not_verified(
    services: AccountServices,
) -> None:
    bob = await services.member("bob@example.org", verified=False)
    await set_up(services, bob)
    assert await services.emails() == []


# ---------------------------------------------------------------------- policy


async def test_where_it_is_off_no_person_adds_one_and_those_that_exist_count(
    stores: Stores, clock: MovableClock, entropy: Entropy, services: AccountServices, ann: User
) -> None:
    """The operator's change is no downgrade of accounts."""
    await set_up(services, ann)
    closed = open_account_services(stores, clock, entropy, second_factor="off")
    try:
        bob = await closed.member("bob@example.org")
        with pytest.raises(DomainError):
            await closed.second_factors.begin(await start(closed, bob))
        await closed.sign_in("bob@example.org")
        assert isinstance(await pending(closed), Secret)
    finally:
        closed.hasher.close()


@pytest.fixture
async def requiring_services(
    stores: Stores, clock: MovableClock, entropy: Entropy
) -> AsyncIterator[AccountServices]:
    """Services that require a second factor."""
    opened = open_account_services(stores, clock, entropy, second_factor="required")
    yield opened
    opened.hasher.close()


async def begin_pending(services: AccountServices) -> tuple[PendingLogin, pyotp.TOTP]:
    """A pending login that waits for the first code of a new app."""
    found = await services.login.pending.find(await pending(services))
    assert found is not None
    await services.set_up.begin(found)
    enrolment = await services.second_factors.enrolment(found.user, found.key)
    assert enrolment is not None
    return found, pyotp.TOTP(enrolment.secret.reveal())


async def test_where_it_is_required_it_is_added_when_the_session_starts(
    requiring_services: AccountServices,
) -> None:
    services, ann = requiring_services, await requiring_services.member()
    with pytest.raises(DomainError):
        await services.login.complete_pending(await pending(services), Secret("000000"), BROWSER)
    found, app = await begin_pending(services)
    with pytest.raises(DomainError):
        await services.set_up.complete(found, Secret("000000"), BROWSER)
    assert await services.sessions.list(ann.id) == []
    completed = await services.set_up.complete(found, code_of(app, services), BROWSER)
    assert len(completed.recovery_codes) == 10
    session = await services.session(completed.started.cookie)
    assert session.methods == ("pwd", "otp", "mfa")
    with pytest.raises(DomainError):
        await services.second_factors.delete(session)


async def _login_ended(services: AccountServices, ann: User) -> None:
    await services.sessions.end_all(ann.id)


async def _completed_elsewhere(services: AccountServices, ann: User) -> None:
    found = await services.login.pending.find(await pending(services))
    assert found is not None
    await services.login.finish_pending(found, ("otp",), BROWSER)
    await services.sessions.end_all(ann.id)


async def _disabled(services: AccountServices, ann: User) -> None:
    # Not the sessions: as if the session of this login starts just after they were ended.
    await services.stores.users.set_disabled(ann.id, services.clock.now())


async def _deleted(services: AccountServices, ann: User) -> None:
    await services.stores.users.delete_user(ann.id, services.clock.now())


async def _password_changed(services: AccountServices, ann: User) -> None:
    await services.stores.users.set_password(ann.id, "another", services.clock.now())


async def _over_the_limit(services: AccountServices, ann: User) -> None:
    for _ in range(services.throttle.policy.sessions_per_person.count):
        await services.throttle.start_session(ann.id, ADDRESS)


async def _begun_elsewhere(services: AccountServices, ann: User) -> None:
    await begin_pending(services)


@pytest.mark.parametrize(
    "meanwhile",
    [
        _login_ended,
        _completed_elsewhere,
        _disabled,
        _deleted,
        _password_changed,
        _over_the_limit,
        _begun_elsewhere,
    ],
)
async def test_an_app_is_not_in_use_if_the_session_did_not_start(
    requiring_services: AccountServices,
    meanwhile: Callable[[AccountServices, User], Awaitable[None]],
) -> None:
    """Otherwise the person has a factor whose recovery codes were never shown."""
    services, ann = requiring_services, await requiring_services.member()
    found, app = await begin_pending(services)
    await meanwhile(services, ann)
    with pytest.raises((DomainError, TooMany)):
        await services.set_up.complete(found, code_of(app, services), BROWSER)
    assert await services.second_factors.status(ann) is None
    assert await services.stores.second_factors.count_recovery_codes(ann.id) == 0
    await services.stores.users.set_disabled(ann.id, None)
    assert await services.sessions.list(ann.id) == []
    assert "Two-step verification is on" not in await subjects(services)


async def test_of_one_pending_login_one_set_up_completes(
    requiring_services: AccountServices,
) -> None:
    services, ann = requiring_services, await requiring_services.member()
    found, app = await begin_pending(services)
    code = code_of(app, services)
    results = await asyncio.gather(
        *(services.set_up.complete(found, code, BROWSER) for _ in range(8)),
        return_exceptions=True,
    )
    (completed,) = (each for each in results if not isinstance(each, DomainError))
    assert isinstance(completed, CompletedEnrolment)
    assert len(await services.sessions.list(ann.id)) == 1
    await services.stores.second_factors.use_recovery_code(
        ann.id,
        services.second_factors.recovery_codes.digests(ann.id, completed.recovery_codes)[0],
    )
    assert await services.stores.second_factors.count_recovery_codes(ann.id) == 9


async def test_codes_of_a_new_app_have_a_limit_of_their_set_up(
    requiring_services: AccountServices,
) -> None:
    """They are not counted as password proofs, and do not clear that counter."""
    services, ann = requiring_services, await requiring_services.member()
    found, app = await begin_pending(services)
    for _ in range(services.throttle.policy.proof_per_person.count):
        await services.throttle.reauthenticate(ann.id)
    for _ in range(services.throttle.policy.set_up_codes_per_browser.count - 1):
        with pytest.raises(DomainError):
            await services.set_up.complete(found, Secret("000000"), BROWSER)
    await services.set_up.complete(found, code_of(app, services), BROWSER)
    with pytest.raises(TooMany):
        await services.throttle.reauthenticate(ann.id)


async def test_guesses_in_one_set_up_end_no_other(requiring_services: AccountServices) -> None:
    services = requiring_services
    await services.member()
    found, app = await begin_pending(services)
    for _ in range(services.throttle.policy.set_up_codes_per_browser.count):
        with pytest.raises(DomainError):
            await services.set_up.complete(found, Secret("000000"), BROWSER)
    with pytest.raises(TooMany):
        await services.set_up.complete(found, code_of(app, services), BROWSER)
    other, other_app = await begin_pending(services)
    await services.set_up.complete(other, code_of(other_app, services), BROWSER)


async def test_the_first_proof_alone_replaces_no_factor(
    services: AccountServices, ann: User
) -> None:
    app, _, _ = await set_up(services, ann)
    found = await services.login.pending.find(await pending(services))
    assert found is not None
    with pytest.raises(DomainError):
        await services.set_up.begin(found)
    with pytest.raises(DomainError):
        await services.set_up.complete(found, code_of(app, services), BROWSER)


async def test_any_factor_of_the_server_can_be_the_one(
    services: AccountServices, ann: User
) -> None:
    login = with_factors(services.login, FakeSecondFactor({ann.id}))
    assert await login.second_factors.is_needed(ann)
    factor = await login.second_factors.factor_of(ann)
    assert factor is not None
    assert await factor.verify(ann, Secret(RIGHT)) == ("otp",)


async def test_one_mail_a_day_says_that_the_limit_of_wrong_codes_is_reached(
    services: AccountServices, ann: User
) -> None:
    await set_up(services, ann)
    subject = "Many wrong codes for your account"
    cookie = await pending(services)
    for _ in range(10):
        with pytest.raises(DomainError):
            await services.login.complete_pending(cookie, Secret("000000"), BROWSER)
    assert subject not in await subjects(services)
    refused = [services.login.complete_pending(cookie, Secret("000000"), BROWSER) for _ in range(5)]
    results = await asyncio.gather(*refused, return_exceptions=True)
    assert all(isinstance(each, TooMany) for each in results)
    assert (await subjects(services)).count(subject) == 1
    assert (await events(services, ann)).count("second_factor.limit") == 1
    advance(services, days=1)
    cookie = await pending(services)
    for _ in range(11):
        with pytest.raises((DomainError, TooMany)):
            await services.login.complete_pending(cookie, Secret("000000"), BROWSER)
    assert (await subjects(services)).count(subject) == 2
