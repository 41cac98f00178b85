"""Contract §4: two concurrent first logins of one identity make one user; here fifty, over four
processes, on each engine."""

from urllib.parse import urlencode

import pytest

from connections import Answer, Connection, get
from elsewhere import AUTHORIZE_TOKEN
from stage import Stage

pytestmark = pytest.mark.slow
CROWD = 50


async def _tokens(stage: Stage, address: str, count: int) -> list[str]:
    """What an SDK gives to `count` phones of somebody who was never here: of each second one an
    ID token, which is good once, of the others an access token."""
    asked = {"person": "another", "address": address, "trust": "domain"}
    async with stage.browser() as phone:
        answers = [await phone.post("/sandbox/google/native", json=asked) for _ in range(count)]
    kinds = ("access_token", "id_token")
    return [answer.json()[kinds[number % 2]] for number, answer in enumerate(answers)]


async def _all_sign_in(crowd: list[Connection], tokens: list[str]) -> list[Answer]:
    for connection, token in zip(crowd, tokens, strict=True):
        query = urlencode({"provider": "google", "accessToken": token})
        connection.send(get(f"{AUTHORIZE_TOKEN}?{query}"))
    return [await connection.receive() for connection in crowd]


async def test_fifty_first_logins_of_one_identity_make_one_user(stage: Stage) -> None:
    address = f"gia-{stage.house.entropy.bytes(6).hex()}@example.org"
    tokens = await _tokens(stage, address, CROWD)
    answers = await _all_sign_in(list(await stage.crowd(CROWD)), tokens)
    assert [answer.status for answer in answers] == [200] * CROWD, answers
    found = [answer.json()["data"] for answer in answers]
    (user_id,) = {data["user"]["id"] for data in found}
    assert [data["newUser"] for data in found].count(True) == 1
    assert len(await stage.house.stores.identities_of(user_id)) == 1
    namesake = await stage.house.stores.user_by_email(address)
    assert namesake is not None
    assert namesake.id == user_id
