"""security.md 22: who is first at somebody else's address gains nothing by it.

The attacker knows a password and holds a browser; the victim holds the mailbox.
"""

import pytest

from elsewhere import Elsewhere, profile, redeem_login
from people import ADDRESS, House
from quantimodo.identity.errors import InvalidInput, Refused, SignInNeeded
from quantimodo.model.secrets import Secret
from world import PASSWORD, World, Worlds

VICTIM = "victim@example.org"
ATTACKERS = "the attacker's password"
VICTIMS = "the victim's own password"


async def test_the_attackers_password_does_not_survive_the_victims_click(house: House) -> None:
    await house.sign_up(VICTIM, browser=house.browser(), password=ATTACKERS)
    await house.confirm(await house.ticket("/confirm"), house.browser(), VICTIMS)
    assert await house.sign_in(VICTIM, VICTIMS)
    with pytest.raises(Refused):
        await house.sign_in(VICTIM, ATTACKERS)


@pytest.mark.parametrize("has_cookie", [True, False])
async def test_another_browser_must_choose_a_password_and_spends_nothing_before(
    house: House, has_cookie: bool
) -> None:
    await house.sign_up(VICTIM, browser=house.browser(), password=ATTACKERS)
    ticket = await house.ticket("/confirm")
    browser = house.browser() if has_cookie else None
    pending = await house.accounts.pending(ticket, browser)
    assert pending is not None
    assert pending.needs_password
    for password in (None, "short", VICTIM):
        with pytest.raises(InvalidInput) as refused:
            await house.confirm(ticket, browser, password)
        assert refused.value.field == "password"
    assert await house.stores.user_by_email(VICTIM) is None
    assert await house.confirm(ticket, browser, VICTIMS)


async def test_the_attacker_does_not_choose_where_the_victim_goes(house: House) -> None:
    await house.sign_up(VICTIM, password=ATTACKERS, return_to="/api/v2/oauth/authorize?x=1")
    confirmed = await house.confirm(await house.ticket("/confirm"), house.browser(), VICTIMS)
    assert confirmed.return_to == "/account"


async def test_no_account_and_no_session_wait_for_the_victim(house: House) -> None:
    await house.sign_up(VICTIM, password=ATTACKERS)
    with pytest.raises(Refused):
        await house.sign_in(VICTIM, ATTACKERS)
    assert await house.stores.user_by_email(VICTIM) is None


async def test_the_attackers_apps_do_not_survive_the_victims_click(world: World) -> None:
    accounts = world.house.accounts
    squatted = await accounts.create(email=VICTIM, name="V", password=Secret(PASSWORD))
    tokens = await world.tokens(await world.app(), await world.signed_in(VICTIM))
    assert (await world.call(tokens["access_token"])).status_code == 200
    await accounts.send_verification(squatted)
    mails = await world.house.outbox.recent(1)
    ticket = mails[0].mail.text.partition("ticket=")[2].split()[0]
    assert await accounts.verify(ticket, session=None)
    assert (await world.call(tokens["access_token"])).status_code == 401
    assert await world.house.stores.consents_of(squatted.id) == []


async def test_an_unverified_account_loses_its_past_when_the_mailbox_speaks(house: House) -> None:
    squatted = await house.member(VICTIM, ATTACKERS, verified=False)
    attackers = await house.sign_in(VICTIM, ATTACKERS)
    await house.accounts.send_verification(squatted)
    verified = await house.accounts.verify(await house.ticket("/verify"), session=None)
    assert verified is not None
    assert verified.reset_ticket is not None
    assert not await house.is_live(attackers)
    with pytest.raises(Refused):
        await house.sign_in(VICTIM, ATTACKERS)
    await house.reset(verified.reset_ticket.reveal(), VICTIMS)
    assert await house.sign_in(VICTIM, VICTIMS)


async def test_somebody_elses_session_does_not_keep_the_past(house: House) -> None:
    squatted = await house.member(VICTIM, ATTACKERS, verified=False)
    attackers = await house.sign_in(VICTIM, ATTACKERS)
    await house.member()
    other = await house.session(await house.sign_in())
    await house.accounts.send_verification(squatted)
    verified = await house.accounts.verify(await house.ticket("/verify"), session=other)
    assert verified is not None
    assert verified.reset_ticket is not None
    assert not await house.is_live(attackers)


async def test_a_reset_of_an_unverified_account_loses_its_past_too(house: House) -> None:
    await house.member(VICTIM, ATTACKERS, verified=False)
    attackers = await house.sign_in(VICTIM, ATTACKERS)
    await house.accounts.request_reset(VICTIM, address=ADDRESS)
    await house.reset(await house.ticket("/reset/new"), VICTIMS)
    assert not await house.is_live(attackers)
    with pytest.raises(Refused):
        await house.sign_in(VICTIM, ATTACKERS)


async def test_nobody_gives_their_account_the_victims_address_by_a_letter(house: House) -> None:
    await house.member("attacker@example.org", ATTACKERS)
    attacker = await house.session(await house.sign_in("attacker@example.org", ATTACKERS))
    await house.accounts.change_email(attacker, Secret(ATTACKERS), VICTIM)
    ticket = await house.ticket("/verify")
    await house.member()
    somebody = await house.session(await house.sign_in())
    for session in (None, somebody):
        with pytest.raises(SignInNeeded):
            await house.accounts.verify(ticket, session=session)
    assert await house.stores.user_by_email(VICTIM) is None


async def test_a_move_to_the_victims_existing_account_is_impossible(house: House) -> None:
    victim = await house.member(VICTIM, VICTIMS)
    await house.member("attacker@example.org", ATTACKERS)
    attacker = await house.session(await house.sign_in("attacker@example.org", ATTACKERS))
    await house.accounts.change_email(attacker, Secret(ATTACKERS), VICTIM)
    letter = (await house.letters())[0]
    assert letter.to == VICTIM
    assert "ticket=" not in letter.text
    assert (await house.stores.user_by_email(VICTIM)) == victim


async def test_an_account_that_a_provider_made_for_the_victims_address_is_a_dead_end(
    worlds: Worlds,
) -> None:
    """The attacker writes the victim's address into a profile at a provider that asks nobody."""
    attackers = profile("facebook", email=VICTIM)
    victims = profile(email=VICTIM, email_verified=True, email_authoritative=True)
    google = Elsewhere(people={"victim": victims})
    async with worlds([google, Elsewhere("facebook", "Facebook", people={"eve": attackers})]) as it:
        made = (await redeem_login(it, "eve", provider="facebook")).json()["data"]
        squatted = await it.house.stores.user(made["user"]["id"])
        assert squatted is not None
        assert squatted.email_verified_at is None
        browser = await it.signed_in(VICTIM)
        tokens = await it.tokens(await it.app(), browser)

        # The victim is not let in where somebody else already is, and is told what to do.
        answer = await redeem_login(it, "victim")
        assert answer.json()["error"]["code"] == "link_required"

        accounts = it.house.accounts
        await accounts.request_reset(VICTIM, address=ADDRESS)
        mails = await it.house.outbox.recent(1)
        ticket = mails[0].mail.text.partition("ticket=")[2].split()[0]
        await accounts.reset(ticket, Secret(VICTIMS), address=ADDRESS, agent="a test")
        assert (await it.call(tokens["access_token"])).status_code == 401
        assert (await browser.get("/account")).status_code == 303
        assert not await it.house.social.identities(squatted.id)
        assert not await it.house.stores.consents_of(squatted.id)
        again = await redeem_login(it, "eve", provider="facebook")
        assert again.json()["error"]["code"] == "link_required"
        # Now it is proven whose address it is, and the victim's own provider is believed.
        data = (await redeem_login(it, "victim")).json()["data"]
        assert data["user"]["id"] == squatted.id
