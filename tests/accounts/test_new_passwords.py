"""OWASP ASVS §6.2: which new passwords are accepted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from quantimodo.accounts.errors import Busy, InvalidInput
from quantimodo.accounts.passwords import check_length
from quantimodo.crypto.password_strength import SCORED_LENGTH, StrengthMeter
from quantimodo.crypto.passwords import PoolFull
from quantimodo.model.secrets import Secret
from quantimodo.ports.breached_passwords import BreachLookupFailed
from support.account_services import METER, new_passwords

GOOD = "four unrelated words"


async def accepted(password: str, minimum_score: int = 3) -> bool:
    checked = new_passwords(minimum_score=minimum_score)
    try:
        check_length(Secret(password))
        await checked.check(Secret(password), email="ann@example.org", name="Ann Example")
    except InvalidInput:
        return False
    return True


async def test_a_refusal_names_the_field_says_what_to_do_and_echoes_nothing() -> None:
    with pytest.raises(InvalidInput) as refused:
        await new_passwords().check(Secret("ann example"), email=None, name="Ann Example")
    assert refused.value.field == "password"
    assert "ann example" not in refused.value.message.casefold()
    assert "three or four unrelated words" in refused.value.message


@pytest.mark.parametrize(
    "password", ["xk9 qq7zv", "пароль-мой", "🦄🐙🦊🐝🐢🦉🐞🐬🦀🐌", GOOD, "kw7Pz2vX9q" * 25]
)
async def test_characters_of_any_kind_are_accepted(password: str) -> None:
    assert await accepted(password)


@pytest.mark.parametrize("password", ["", "short", "1234567", "q8-" * 90, "ﷺ" * 100])
async def test_too_short_and_too_long_ones_are_refused(password: str) -> None:
    assert not await accepted(password, minimum_score=1)


@pytest.mark.parametrize(
    "password",
    [
        *("password1", "PassWord1", "ｐａｓｓｗｏｒｄ１", "quantimodo", "x" * 256, "🦄" * 8),
        *("qwertyuiop", "20121988", "aaaaaaaaaaaa", "drowssap1", "P@ssw0rd!", "QuantiModo2026"),
    ],
)
async def test_passwords_that_are_guessed_first_are_refused_in_every_spelling(
    password: str,
) -> None:
    assert not await accepted(password)


@pytest.mark.parametrize(
    "password",
    [
        "ann@example.org",
        "ANN@EXAMPLE.ORG",
        "ann example",
        "AnnExample",
        "elpmaxe nna",
        "annexample1",
    ],
)
async def test_ones_own_name_and_address_are_refused(password: str) -> None:
    assert not await accepted(password)


@pytest.mark.parametrize(
    ("minimum_score", "results"),
    [(1, (True, True, True)), (3, (False, True, True)), (4, (False, False, True))],
)
async def test_the_operator_sets_how_hard_to_guess_it_must_be(
    minimum_score: int, results: tuple[bool, ...]
) -> None:
    typed = ("Password77", "xk9 qq7zv", GOOD)
    assert tuple([await accepted(each, minimum_score) for each in typed]) == results


async def test_only_the_first_characters_of_a_long_password_are_scored() -> None:
    # Otherwise the time grows with the square of the length.
    easy = Secret("a" * SCORED_LENGTH)
    longer = Secret(easy.reveal() + "xk9 qq7zv w2!")
    assert await METER.score(longer, ()) == await METER.score(easy, ()) == 0


async def test_words_of_one_call_do_not_count_in_another() -> None:
    # zxcvbn keeps them in a global table.
    words = [("zyxomma",), ()] * 10
    scores = await asyncio.gather(*(METER.score(Secret("zyxomma qk"), each) for each in words))
    assert set(scores[::2]) == {1}
    assert set(scores[1::2]) == {3}


async def test_more_passwords_than_may_wait_are_sent_away() -> None:
    meter = StrengthMeter(waiting=0)
    try:
        first = asyncio.create_task(meter.score(Secret("4l!p5@|06a$5a8i7@z@s@<1$@lx9{|4l"), ()))
        await asyncio.sleep(0)
        with pytest.raises(PoolFull):
            await meter.score(Secret(GOOD), ())
        with pytest.raises(Busy):
            await new_passwords(meter=meter).check(Secret(GOOD), email=None, name="Ann")
        await first
    finally:
        meter.close()


@dataclass
class FakeList:
    """Says this of every password."""

    says: bool | BreachLookupFailed
    looked_up: int = 0

    async def contains(self, password: Secret) -> bool:
        self.looked_up += 1
        if isinstance(self.says, BreachLookupFailed):
            raise self.says
        return self.says


async def _checked(breached: FakeList, password: str) -> tuple[Sequence[str], str]:
    counted: list[str] = []
    checked = new_passwords(breached, count=counted.append)
    try:
        await checked.check(Secret(password), email=None, name="Ann")
    except InvalidInput as refusal:
        return counted, refusal.message
    return counted, ""


async def test_a_stolen_password_is_refused() -> None:
    counted, message = await _checked(FakeList(True), GOOD)
    assert "stolen" in message
    assert counted == ["found"]


async def test_a_password_that_is_not_in_the_list_is_accepted() -> None:
    assert await _checked(FakeList(False), GOOD) == (["not_found"], "")


async def test_without_the_list_a_password_is_accepted_counted_and_logged() -> None:
    with capture_logs() as logs:
        result = await _checked(FakeList(BreachLookupFailed("no response within 2 s")), GOOD)
    assert result == (["failed"], "")
    assert [each["event"] for each in logs] == ["breached_passwords.not_checked"]
    assert "unrelated" not in repr(logs)


async def test_a_password_that_is_easy_to_guess_is_not_looked_up() -> None:
    breached = FakeList(False)
    counted, message = await _checked(breached, "password1")
    assert (counted, breached.looked_up) == ([], 0)
    assert message
