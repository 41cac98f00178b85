"""Whatever stands in an address is no 5xx, also where the engine refuses the text itself.

PostgreSQL keeps no NUL in a text, and says so by an error where SQLite says nothing.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quantimodo.app.server import furnish_server
from quantimodo.app.wiring import open_house, prepare
from quantimodo.ports.clock import Clock, Entropy
from world import Foundation, World, form_fields, settings_for

ODD = ["%00", "a%00b", "%E2%80%AE%00", "%ED%A0%80", "%FF%FE", "x" * 4000]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def engine(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: Clock,
    entropy: Entropy,
    foundation: Foundation,
) -> AsyncIterator[World]:
    """The server over each engine in turn."""
    url = f"sqlite:///{tmp_path}/odd.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    settings = settings_for(url, tmp_path)
    await prepare(settings, clock, entropy)
    async with open_house(settings, clock, entropy) as house:
        application = await furnish_server(house, foundation.renderer)
        world = World(house, application, tmp_path / "odd.db", foundation.password_hash)
        yield world
        await world.close()


@pytest.mark.parametrize("odd", ODD)
async def test_an_id_that_cannot_be_is_nothing(engine: World, odd: str) -> None:
    await engine.person()
    browser = await engine.signed_in()
    csrf = form_fields((await browser.get("/account/profile")).text)["csrf"]
    for path, status in {
        f"/account/apps/{odd}/revoke": 303,
        f"/developers/{odd}": 404,
        f"/developers/{odd}/secret": 404,
        f"/developers/{odd}/delete": 404,
        f"/developers/{odd}/logo": 404,
    }.items():
        answer = await browser.post(path, data={"csrf": csrf})
        assert answer.status_code == status, path
    for path in (f"/developers/{odd}", f"/logos/{odd}", f"/static/{odd}"):
        assert (await browser.get(path)).status_code == 404, path
    for method in ("GET", "DELETE"):
        answer = await browser.request(
            method, f"/api/v2/oauth2/register/{odd}", headers={"authorization": "Bearer x"}
        )
        assert answer.status_code in (400, 401), odd
