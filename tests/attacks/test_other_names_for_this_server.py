"""DNS rebinding: a site lets its own name lead to this machine, and then reads what it is shown.

Cookies do not come along under another name, so all that is at stake is what needs none: the
letters of a server under development.
"""

import pytest

from world import World, form_fields


async def letter_shown(world: World, host: str) -> bool:
    answer = await world.browser().get("/outbox", headers={"host": host})
    assert answer.status_code in (200, 421)
    return "/reset/new?ticket=" in answer.text


@pytest.fixture
async def forgetful(world: World) -> World:
    """Somebody has asked for a new password."""
    await world.person()
    browser = world.browser()
    page = await browser.get("/reset")
    answer = await browser.post(
        "/reset", data={**form_fields(page.text), "email": "ann@example.org"}
    )
    assert answer.status_code == 303
    return world


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "id.example.org.evil.example",
        "id.example.org:8000",
        "evil.example:@127.0.0.1",
        "[::1].evil.example",
        "192.0.2.7:8000",
        "0.0.0.0:8000",
        "",
    ],
)
async def test_letters_are_not_shown_under_the_name_of_another_site(
    forgetful: World, host: str
) -> None:
    assert not await letter_shown(forgetful, host)


@pytest.mark.parametrize(
    "host",
    ["id.example.org", "ID.example.org", "127.0.0.1:8000", "localhost", "[::1]:8000", "[::1]"],
)
async def test_letters_are_shown_under_our_name_and_this_machines(
    forgetful: World, host: str
) -> None:
    assert await letter_shown(forgetful, host)
