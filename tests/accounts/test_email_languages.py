"""E-mails about passwords and addresses are in the language of the person who receives them."""

from quantimodo.i18n.translation import in_language
from quantimodo.model.events import Mail
from quantimodo.model.languages import LANGUAGES
from quantimodo.model.secrets import Secret
from quantimodo.model.user_profiles import Profile
from support.account_services import ADDRESS, PASSWORD, AccountServices
from support.emails import every_mail


async def test_mails_about_passwords_and_addresses_are_in_the_language_of_their_person(
    services: AccountServices,
) -> None:
    """Each request is in English. Those of strangers have their language (decision 0022)."""
    accounts, now = services.accounts, services.clock.now()
    for name, locale in (("ann", "de"), ("ben", "ar"), ("eve", "")):
        user = await services.member(f"{name}@example.org", verified=name != "ben")
        await services.stores.profiles.save_profile(user.id, Profile(locale=locale), now)
        if name == "ben":
            await accounts.recovery.send_verification(user)
            assert await sent(services) == ("ben@example.org", "ar", "confirm_address")
        await accounts.recovery.request_reset(f"{name}@example.org", address=ADDRESS)
        assert await sent(services) == (f"{name}@example.org", "en", "reset_password")
        await services.reset(await services.email_token("/reset/new"), PASSWORD)
        written = (f"{name}@example.org", locale or "en", "password_changed")
        assert await sent(services) == written
    ann = await services.session(await services.sign_in())
    change = accounts.recovery.request_email_change
    await change(ann.user, "ben@example.org", None)
    assert await sent(services) == ("ben@example.org", "ar", "address_in_use")
    await change(ann.user, "eve@example.org", None)
    assert await sent(services) == ("eve@example.org", "en", "address_in_use")
    cookie = await accounts.changes.change_email(ann, Secret(PASSWORD), "moved@example.org")
    assert await sent(services) == ("moved@example.org", "de", "confirm_new_address")
    token = await services.email_token("/verify")
    await accounts.recovery.confirm_address(token, session=await services.session(cookie))
    assert await sent(services) == ("ann@example.org", "de", "email_changed")


async def test_a_change_of_address_does_the_same_work_for_every_address(
    services: AccountServices,
) -> None:
    """security.md §21: also the reads of languages."""
    ann = await services.member()
    await services.member("ben@example.org")
    work = []
    for address in ("ben@example.org", "unused@example.org"):
        with services.doing() as done:
            await services.accounts.recovery.request_email_change(ann, address, None)
        work.append(done)
    assert work[0] == work[1]
    assert work[0]


async def sent(services: AccountServices) -> tuple[str, str, str]:
    """To whom the newest e-mail is, in which language, and by which template."""
    mail = (await services.emails())[0]
    with in_language(LANGUAGES[mail.language]):
        names = {begin(each): name for name, each in every_mail().items()}
    return mail.to, mail.language, names[begin(mail)]


def begin(mail: Mail) -> tuple[str, str]:
    return mail.subject, mail.text.partition("\n\n")[0]
