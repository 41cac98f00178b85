"""The rules of the parameter `resource` (RFC 8707 §2), as plain calls."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from foreign_api import NOTES, OWN, TASKS

from quantimodo.app.composition.authorization import token_minter
from quantimodo.authorization.requested_resources import ResourceReader
from quantimodo.grant_types.client_credentials import ClientCredentialsGrant
from quantimodo.pages.authorization.resource_texts import scope_texts
from quantimodo.protocol.errors import InvalidRequest, InvalidTarget
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.resources import NO_RESOURCES, RequestedResources, Targets
from quantimodo.protocol.scopes import SCOPES
from support.app import AppHarness


def test_2_the_parameter_may_be_repeated_ten_times() -> None:
    def values(*given: str) -> tuple[str, ...]:
        text = urlencode([("resource", each) for each in given])
        return Form.of_urlencoded(text.encode()).all("resource")

    ten = tuple(f"https://{number}.example.org/" for number in range(10))
    assert values(*ten) == ten
    assert values("", TASKS, "") == (TASKS,)
    for invalid in ((*ten, TASKS), ("a\nb",), (TASKS, "a\nb"), (TASKS, "a" * 9000)):
        with pytest.raises(InvalidRequest):
            values(*invalid)


class Unread:
    """A store of which nothing is read."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


async def test_2_without_another_api_none_is_read(harness: AppHarness) -> None:
    unread: Any = Unread()
    own = Form.of_pairs([("resource", OWN)])
    assert await ResourceReader(OWN, unread).read(Form.of_pairs([])) is NO_RESOURCES
    assert await ResourceReader(OWN, unread).read(own) == RequestedResources(True, (), 1)
    minter = replace(token_minter(harness.context), resources=unread)
    assert await minter.resource_of(frozenset({"basic"})) is None
    for form in (Form.of_pairs([]), own):
        assert await ClientCredentialsGrant(Targets(OWN), unread).load(form, unread) is None
    assert await scope_texts(unread, frozenset({"basic"})) == SCOPES


def test_2_2_an_access_token_is_for_one_of_the_granted_resources() -> None:
    apis = frozenset({f"{TASKS}#1:", f"{TASKS}#1:write", f"{NOTES}#2:"})
    targets = Targets(OWN)
    for own, resources in (
        ({"basic"}, (TASKS, NOTES)),
        ({"basic"}, (OWN, TASKS)),
        ({"basic"}, ("https://unknown.example.org/",)),
        ({"openid"}, ()),
        (set(), (OWN,)),
    ):
        with pytest.raises(InvalidTarget):
            targets.narrow(apis | own, resources)
    assert targets.narrow(apis | {"basic"}, ()) == {"basic"}
    assert targets.narrow(apis, (TASKS, TASKS)) == apis - {f"{NOTES}#2:"}
    assert targets.narrow(apis, (TASKS,), "write") == apis - {f"{NOTES}#2:"}
