"""The parameters of Argon2 were changed: a sign-in hashes the password again, and changes nothing
else."""

from dataclasses import replace
from datetime import timedelta

from quantimodo.accounts.login import LoginBrowser, SecondFactorNeeded
from quantimodo.crypto.passwords import HashPolicy, PasswordHasher
from quantimodo.model.secrets import Secret
from quantimodo.model.trusted_browsers import TrustedBrowser
from quantimodo.ports.clock import Entropy
from quantimodo.ports.stores import Stores
from support.account_services import (
    ADDRESS,
    AGENT,
    PASSWORD,
    MovableClock,
    open_account_services,
)
from support.authenticator_app import set_up

BROWSER = LoginBrowser(address=ADDRESS, agent=AGENT)


async def test_trusted_browsers_stay_and_a_pending_login_continues(
    stores: Stores, clock: MovableClock, entropy: Entropy
) -> None:
    services = open_account_services(stores, clock, entropy)
    ann = await services.member()
    session = await services.session(await services.sign_in())
    app, _ = await set_up(services.second_factors, session, clock.now())
    clock.advance(timedelta(minutes=1))
    now = clock.now()
    browser = TrustedBrowser(
        key=b"k" * 16, user_id=ann.id, created_at=now, expires_at=now + timedelta(days=1)
    )
    assert await stores.trusted_browsers.add_trusted_browser(browser, now)
    before = await stores.users.password_hash(ann.id)
    stronger = PasswordHasher(1, 100, entropy, HashPolicy(memory_kib=128, passes=1))
    by_password = services.accounts.password_sign_in
    by_password = replace(
        by_password, credentials=replace(by_password.credentials, hasher=stronger)
    )
    clock.advance(timedelta(minutes=1))
    login = await by_password.sign_in("ann@example.org", Secret(PASSWORD), BROWSER)
    assert isinstance(login, SecondFactorNeeded)
    after = await stores.users.password_hash(ann.id)
    assert after != before
    # A login that began before the new hash can still trust its browser.
    later = replace(browser, key=b"l" * 16)
    assert await stores.trusted_browsers.add_trusted_browser(later, now)
    assert await stores.trusted_browsers.trusted_browsers(ann.id) == [later, browser]
    code = Secret(app.code(clock.now()))
    started = await services.login.complete_pending(login.pending_cookie, code, BROWSER)
    assert await services.is_live(started.cookie)
    assert await stores.users.password_hash(ann.id) == after
    stronger.close()
    services.hasher.close()
