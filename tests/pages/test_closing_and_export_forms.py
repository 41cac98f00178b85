"""What the forms that export, close and keep an account respond to bad requests (security.md §12):
a clear refusal, and nothing happens."""

from collections.abc import Callable
from typing import Any

import pytest

from quantimodo.model.users import User
from support.account_services import PASSWORD
from support.page_site import Site, Visitor

FORM = "application/x-www-form-urlencoded"
PAGES = ("/account/export", "/account/delete", "/account/closed")


@pytest.fixture(params=PAGES)
async def path(request: pytest.FixtureRequest, ann: Visitor) -> str:
    """One of the pages; that of a closed account with an account that was closed."""
    path: str = request.param
    if path == "/account/closed":
        await ann.submit("/account/delete", current=PASSWORD)
    return path


async def state(site: Site, user: User) -> tuple[Any, ...]:
    """What these forms would change."""
    services = site.services
    found = await services.stores.users.user(user.id)
    kinds = [event.kind for event in await services.events(user)]
    return found, kinds, await services.emails()


BODIES: dict[str, tuple[Callable[[bytes], bytes], str, int]] = {
    "nothing": (lambda csrf: b"", FORM, 403),
    "twice": (lambda csrf: b"csrf=%b&csrf=%b" % (csrf, csrf), FORM, 400),
    "of another form": (lambda csrf: b"csrf=%b" % csrf[::-1], FORM, 403),
    "longer than any": (lambda csrf: b"csrf=%b" % (csrf * 2_000), FORM, 403),
    "too large": (lambda csrf: b"csrf=%b&more=%b" % (csrf, b"a" * 410_000), FORM, 413),
    "not UTF-8": (lambda csrf: b"csrf=%b&current=%%ff" % csrf, FORM, 400),
    "NUL": (lambda csrf: b"csrf=%b&current=a%%00" % csrf, FORM, 400),
    "JSON": (lambda csrf: b'{"csrf": "%b"}' % csrf, "application/json", 415),
}


async def test_a_form_that_is_not_ours_does_nothing(
    site: Site, ann: Visitor, user: User, path: str
) -> None:
    csrf = (await ann.form(path))["csrf"]
    assert isinstance(csrf, str)
    before = await state(site, user)
    for name, (make, media_type, status) in BODIES.items():
        response = await ann.http.post(
            path, content=make(csrf.encode()), headers={"content-type": media_type}
        )
        assert response.status_code == status, name
        assert "<h1>" in response.text, name
        assert csrf not in response.text, name
    assert await state(site, user) == before


async def test_another_method_is_refused(site: Site, ann: Visitor, user: User, path: str) -> None:
    fields = await ann.form(path)
    before = await state(site, user)
    for method in ("PUT", "PATCH", "DELETE"):
        response = await ann.http.request(method, path, data=fields)
        assert response.status_code == 405, method
        assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert (await ann.http.head(path)).status_code == 200
    assert await state(site, user) == before


async def test_the_session_of_the_form_has_ended(
    site: Site, ann: Visitor, user: User, path: str
) -> None:
    fields = {**await ann.form(path), "current": PASSWORD}
    await site.services.sessions.end_all(user.id)
    before = await state(site, user)
    response = await ann.http.post(path, data=fields)
    assert response.status_code == 303
    assert response.headers["location"] == "/sign-in?return_to=/account"
    assert await state(site, user) == before


@pytest.mark.parametrize(
    ("current", "status"),
    [([], 400), ([""], 400), ([PASSWORD, PASSWORD], 400), (["a" * 100_000], 400)],
    ids=["missing", "empty", "twice", "longer than any"],
)
async def test_an_account_is_closed_by_its_password_alone(
    site: Site, ann: Visitor, user: User, current: list[str], status: int
) -> None:
    fields = await ann.form("/account/delete")
    before = await state(site, user)
    response = await ann.http.post("/account/delete", data={**fields, "current": current})
    assert response.status_code == status
    assert await state(site, user) == before
