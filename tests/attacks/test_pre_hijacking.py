"""security.md §22: a person who registers another person's address first gains nothing.

The attacker knows a password and holds a browser; the victim holds the mailbox.
"""

import pytest

from quantimodo.accounts.errors import DomainError, InvalidInput, SignInNeeded
from quantimodo.model.secrets import Secret
from support.account_services import ADDRESS, AccountServices
from support.app import PASSWORD, AppHarness, OpenHarness
from support.fake_provider import FakeUpstream, profile, redeem_login

VICTIM = "victim@example.org"
ATTACKERS = "the attacker's password"
VICTIMS = "the victim's own password"


async def test_the_attackers_password_does_not_survive_the_victims_click(
    services: AccountServices,
) -> None:
    await services.sign_up(VICTIM, browser=services.browser(), password=ATTACKERS)
    await services.confirm(await services.email_token("/confirm"), services.browser(), VICTIMS)
    assert await services.sign_in(VICTIM, VICTIMS)
    with pytest.raises(DomainError):
        await services.sign_in(VICTIM, ATTACKERS)


@pytest.mark.parametrize("has_cookie", [True, False])
async def test_another_browser_must_choose_a_password_and_spends_nothing_before(
    services: AccountServices, has_cookie: bool
) -> None:
    await services.sign_up(VICTIM, browser=services.browser(), password=ATTACKERS)
    email_token = await services.email_token("/confirm")
    browser = services.browser() if has_cookie else None
    pending = await services.accounts.sign_up.pending(email_token, browser)
    assert pending is not None
    assert pending.needs_password
    for password in (None, "short", VICTIM):
        with pytest.raises(InvalidInput) as refused:
            await services.confirm(email_token, browser, password)
        assert refused.value.field == "password"
    assert await services.stores.users.user_by_email(VICTIM) is None
    assert await services.confirm(email_token, browser, VICTIMS)


async def test_the_attacker_does_not_choose_where_the_victim_goes(
    services: AccountServices,
) -> None:
    await services.sign_up(VICTIM, password=ATTACKERS, return_to="/api/v2/oauth/authorize?x=1")
    confirmed = await services.confirm(
        await services.email_token("/confirm"), services.browser(), VICTIMS
    )
    assert confirmed.return_to == "/account"


async def test_no_account_and_no_session_wait_for_the_victim(services: AccountServices) -> None:
    await services.sign_up(VICTIM, password=ATTACKERS)
    with pytest.raises(DomainError):
        await services.sign_in(VICTIM, ATTACKERS)
    assert await services.stores.users.user_by_email(VICTIM) is None


async def test_the_attackers_apps_do_not_survive_the_victims_click(harness: AppHarness) -> None:
    accounts = harness.context.accounts
    squatted = await accounts.administration.create(
        email=VICTIM, name="V", password=Secret(PASSWORD)
    )
    tokens = await harness.tokens(await harness.app(), await harness.signed_in(VICTIM))
    assert (await harness.call(tokens["access_token"])).status_code == 200
    await accounts.recovery.send_verification(squatted)
    mails = await harness.context.outbox.recent(1)
    email_token = mails[0].mail.text.partition("token=")[2].split()[0]
    assert await accounts.recovery.confirm_address(email_token, session=None)
    assert (await harness.call(tokens["access_token"])).status_code == 401
    assert await harness.context.stores.authorizations.consents_of(squatted.id) == []


async def test_an_unverified_account_loses_its_past_when_the_mailbox_speaks(
    services: AccountServices,
) -> None:
    squatted = await services.member(VICTIM, ATTACKERS, verified=False)
    attackers = await services.sign_in(VICTIM, ATTACKERS)
    await services.accounts.recovery.send_verification(squatted)
    verified = await services.accounts.recovery.confirm_address(
        await services.email_token("/verify"), session=None
    )
    assert verified is not None
    assert verified.reset_token is not None
    assert not await services.is_live(attackers)
    with pytest.raises(DomainError):
        await services.sign_in(VICTIM, ATTACKERS)
    await services.reset(verified.reset_token.reveal(), VICTIMS)
    assert await services.sign_in(VICTIM, VICTIMS)


async def test_another_persons_session_does_not_keep_the_old_password(
    services: AccountServices,
) -> None:
    squatted = await services.member(VICTIM, ATTACKERS, verified=False)
    attackers = await services.sign_in(VICTIM, ATTACKERS)
    await services.member()
    other = await services.session(await services.sign_in())
    await services.accounts.recovery.send_verification(squatted)
    verified = await services.accounts.recovery.confirm_address(
        await services.email_token("/verify"), session=other
    )
    assert verified is not None
    assert verified.reset_token is not None
    assert not await services.is_live(attackers)


async def test_a_reset_of_an_unverified_account_loses_its_past_too(
    services: AccountServices,
) -> None:
    await services.member(VICTIM, ATTACKERS, verified=False)
    attackers = await services.sign_in(VICTIM, ATTACKERS)
    await services.accounts.recovery.request_reset(VICTIM, address=ADDRESS)
    await services.reset(await services.email_token("/reset/new"), VICTIMS)
    assert not await services.is_live(attackers)
    with pytest.raises(DomainError):
        await services.sign_in(VICTIM, ATTACKERS)


async def test_no_account_gets_the_victims_address_by_an_email(
    services: AccountServices,
) -> None:
    await services.member("attacker@example.org", ATTACKERS)
    attacker = await services.session(await services.sign_in("attacker@example.org", ATTACKERS))
    await services.accounts.changes.change_email(attacker, Secret(ATTACKERS), VICTIM)
    email_token = await services.email_token("/verify")
    await services.member()
    other = await services.session(await services.sign_in())
    for session in (None, other):
        with pytest.raises(SignInNeeded):
            await services.accounts.recovery.confirm_address(email_token, session=session)
    assert await services.stores.users.user_by_email(VICTIM) is None


async def test_a_move_to_the_victims_existing_account_is_impossible(
    services: AccountServices,
) -> None:
    victim = await services.member(VICTIM, VICTIMS)
    await services.member("attacker@example.org", ATTACKERS)
    attacker = await services.session(await services.sign_in("attacker@example.org", ATTACKERS))
    await services.accounts.changes.change_email(attacker, Secret(ATTACKERS), VICTIM)
    email = (await services.emails())[0]
    assert email.to == VICTIM
    assert "token=" not in email.text
    assert (await services.stores.users.user_by_email(VICTIM)) == victim


async def test_an_account_that_a_provider_made_for_the_victims_address_is_a_dead_end(
    open_harness: OpenHarness,
) -> None:
    """The attacker's profile at a provider without verification has the victim's address."""
    attackers = profile("facebook", email=VICTIM)
    victims = profile(email=VICTIM, email_verified=True, email_authoritative=True)
    google = FakeUpstream(people={"victim": victims})
    async with open_harness(
        [google, FakeUpstream("facebook", "Facebook", people={"eve": attackers})]
    ) as it:
        made = (await redeem_login(it, "eve", provider="facebook")).json()["data"]
        squatted = await it.context.stores.users.user(made["user"]["id"])
        assert squatted is not None
        assert squatted.email_verified_at is None
        browser = await it.signed_in(VICTIM)
        tokens = await it.tokens(await it.app(), browser)

        # The victim is not signed in to another person's account; the page says what to do.
        response = await redeem_login(it, "victim")
        assert response.json()["error"]["code"] == "link_required"

        accounts = it.context.accounts
        await accounts.recovery.request_reset(VICTIM, address=ADDRESS)
        mails = await it.context.outbox.recent(1)
        email_token = mails[0].mail.text.partition("token=")[2].split()[0]
        await accounts.recovery.reset(email_token, Secret(VICTIMS), address=ADDRESS, agent="a test")
        assert (await it.call(tokens["access_token"])).status_code == 401
        assert (await browser.get("/account")).status_code == 303
        assert not await it.context.social.identities(squatted.id)
        assert not await it.context.stores.authorizations.consents_of(squatted.id)
        again = await redeem_login(it, "eve", provider="facebook")
        assert again.json()["error"]["code"] == "link_required"
        # Now it is proven whose address it is, and the victim's own provider is believed.
        data = (await redeem_login(it, "victim")).json()["data"]
        assert data["user"]["id"] == squatted.id
