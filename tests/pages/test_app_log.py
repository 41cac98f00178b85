"""The tabs Log and Usage of an application."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from quantimodo.model.client_log import ClientDay, ClientRefusal, ClientUsage
from quantimodo.model.clients import Client
from quantimodo.model.measurements import Access
from quantimodo.model.users import User
from quantimodo.pages.portal.app_pages import app_path
from quantimodo.protocol.endpoints import LOGGED
from support.account_services import AccountServices
from support.page_site import Site, Visitor

HOSTILE = "</li><script>alert('x')</script>"


def refusal(
    services: AccountServices, client: Client, number: int, endpoint: str, code: str
) -> ClientRefusal:
    return ClientRefusal(
        client_id=client.id,
        at=services.clock.now() + timedelta(seconds=number),
        endpoint=endpoint,
        code=code,
        incident=f"{number:012x}",
        received=("parameters: code", HOSTILE),
    )


@pytest.fixture
async def app(site: Site, services: AccountServices, user: User) -> Client:
    """An application of Ann with thirty refusals."""
    client = await site.register(user)
    refusals = [
        refusal(services, client, number, *kind)
        for number in range(30)
        for kind in [("token", "code_used") if number % 3 else ("authorize", "pkce_required")]
    ]
    await services.stores.client_log.add_to_client_log(refusals, [], 500)
    return client


async def test_the_log_has_each_refusal_with_its_fix_and_its_guide(
    ann: Visitor, app: Client
) -> None:
    page = (await ann.get(f"{app_path(app)}/log")).text
    assert page.count("<details>") == 25
    assert "00000000001d" in page
    assert "000000000004" not in page
    assert 'href="/guides/developer/code-flow/#4-exchange-the-code-for-tokens"' in page
    assert "Exchange each code once" in page
    assert "<code>code_challenge_method=S256</code>" in page
    assert HOSTILE not in page
    assert "&lt;/li&gt;&lt;script&gt;" in page


async def test_the_log_is_filtered_and_paged(ann: Visitor, app: Client) -> None:
    path = f"{app_path(app)}/log"
    first = (await ann.get(path)).text
    older = first.partition(f'href="{path}?before=')[2].partition('"')[0]
    second = (await ann.get(f"{path}?before={older}")).text
    assert second.count("<details>") == 5
    assert "000000000000" in second
    assert "?before=" not in second
    of_token = (await ann.get(f"{path}?endpoint=token")).text
    assert of_token.count("<details>") == 20
    of_code = (await ann.get(f"{path}?code=pkce_required&endpoint=authorize")).text
    assert of_code.count("<details>") == 10
    assert '<option value="pkce_required" lang="en" selected>' in of_code
    none = (await ann.get(f"{path}?code=pkce_required&endpoint=token")).text
    assert none.count("<details>") == 0
    assert "No request was refused" in none
    # What does not exist is no filter, and is not repeated.
    for query in ("endpoint=<i>&code=<b>", "before=x", "before=-1", f"before={'9' * 40}"):
        page = await ann.get(f"{path}?{query}")
        assert page.status_code == 200
        assert page.text.count("<details>") == 25
        assert "<i>" not in page.text


async def test_the_log_of_another_person_is_not_there(
    site: Site, services: AccountServices, ann: Visitor, app: Client
) -> None:
    other = await services.member("ben@example.org")
    foreign = await site.register(other, name="Foreign App")
    operators = await site.register(None, name="Operator's App")
    await services.stores.client_log.add_to_client_log(
        [], [], 500, [used(each, services, "token", 1) for each in (app, foreign, operators)]
    )
    for tab in ("log", "usage", "usage?endpoint=token&days=7"):
        for client in (foreign, operators):
            page = await ann.get(f"{app_path(client)}/{tab}")
            assert page.status_code == 404
            assert client.name not in page.text
        for client_id in ("nothing", quote("https://x.example.org/", safe="")):
            assert (await ann.get(f"/developers/apps/{client_id}/{tab}")).status_code == 404
        assert (await ann.get(f"{app_path(app)}/{tab}")).status_code == 200
    async with site.visitor() as stranger:
        page = await stranger.get(f"{app_path(app)}/log")
        assert page.status_code == 303
        assert page.headers["location"].startswith("/sign-in")


async def test_a_developer_of_the_team_reads_the_log_while_in_the_team(
    site: Site, services: AccountServices, ann: Visitor, user: User
) -> None:
    other = await services.member("ben@example.org")
    app, teams = await site.register(other), services.stores.teams
    now = services.clock.now()
    assert await teams.set_member(app.id, user.id, "developer", now)
    assert (await ann.get(f"{app_path(app)}/log")).status_code == 200
    assert await teams.remove_member(app.id, user.id, other.id)
    assert (await ann.get(f"{app_path(app)}/log")).status_code == 404


async def test_the_usage_has_a_chart_and_a_table_of_thirty_days(
    site: Site, services: AccountServices, ann: Visitor, user: User
) -> None:
    app, unused = await site.register(user), await site.register(user, name="Unused")
    now = services.clock.now()
    days = [
        ClientDay(
            client_id=app.id, day=(now - timedelta(days=age)).date(), tokens=tokens, refusals=0
        )
        for age, tokens in ((0, 4321), (29, 17), (30, 99_999))
    ]
    await services.stores.client_log.add_to_client_log([], days, 500)
    looked = Access(user_id=user.id, client_id=app.id, action="read", first_at=now, last_at=now)
    await services.stores.accesses.add_accesses([looked])
    page = (await ann.get(f"{app_path(app)}/usage")).text
    assert page.count("<polyline") == 2
    assert "Refused requests</h3>" not in page
    assert page.count('<th scope="row">') == 30
    assert "<td>4321</td><td>0</td><td>1</td>" in page
    assert "<td>17</td><td>0</td><td>0</td>" in page
    assert "99999" not in page
    for chosen, shown in (("7", 7), ("14", 14), ("30", 30), ("31", 30), ("-1", 30), ("x", 30)):
        page = (await ann.get(f"{app_path(app)}/usage?days={chosen}")).text
        assert page.count('<th scope="row">') == shown
        assert f'<option value="{shown}" selected>' in page
        assert ("<td>17</td>" in page) == (shown == 30)
    empty = (await ann.get(f"{app_path(unused)}/usage")).text
    assert "Nothing yet" in empty
    assert "<svg viewBox" not in empty


def used(
    client: Client,
    services: AccountServices,
    endpoint: str,
    number: int,
    code: str = "",
    age: int = 0,
) -> ClientUsage:
    day = (services.clock.now() - timedelta(days=age)).date()
    return ClientUsage(client_id=client.id, day=day, endpoint=endpoint, code=code, number=number)


async def test_the_usage_has_the_requests_of_each_endpoint(
    site: Site, services: AccountServices, ann: Visitor, user: User
) -> None:
    app = await site.register(user)
    usage = [
        used(app, services, "token", 40),
        used(app, services, "token", 60, age=8),
        used(app, services, "token", 900, age=30),
        used(app, services, "token", 8, "code_used"),
        used(app, services, "token", 2, "client_secret_wrong", age=8),
        used(app, services, "token", 1, "of_an_earlier_version"),
        used(app, services, "userinfo", 3),
        used(app, services, "userinfo", 1, "insufficient_scope"),
    ]
    await services.stores.client_log.add_to_client_log([], [], 500, usage)
    path = f"{app_path(app)}/usage"
    page = (await ann.get(path)).text
    assert "<td>100</td><td>11</td><td>11.0 %</td>" in page
    assert "<td>3</td><td>1</td><td>33.3 %</td>" in page
    assert (
        '<a href="/guides/developer/code-flow/'
        '#4-exchange-the-code-for-tokens"><code>code_used</code></a>'
    ) in page
    assert "Nothing yet" not in page
    assert "<td>40</td><td>9</td><td>22.5 %</td>" in (await ann.get(f"{path}?days=7")).text
    one = (await ann.get(f"{path}?days=14&endpoint=token")).text
    assert one.count('<th scope="row">') == 14
    assert "<td>40</td><td>9</td>" in one
    assert "<td>60</td><td>2</td>" in one
    assert one.index("code_used") < one.index("client_secret_wrong")
    assert "<code>of_an_earlier_version</code>: 1" in one
    assert f'href="{path.removesuffix("usage")}log?endpoint=token"' in one
    other = (await ann.get(f"{path}?endpoint=userinfo")).text
    assert '#at-a-resource"><code>insufficient_scope</code></a>: 1' in other
    assert "log?endpoint" not in other
    # What does not exist is no endpoint, and is not repeated.
    for odd in ("<i>", "revoke"):
        page = (await ann.get(f"{path}?endpoint={odd}")).text
        assert "Requests by endpoint" in page
        assert "<i>" not in page


def test_the_log_has_the_endpoints_at_which_clients_are_refused() -> None:
    assert LOGGED.keys() == {
        *("authorize", "token", "introspect", "revoke"),
        *("pushed_request", "device_authorization"),
    }
