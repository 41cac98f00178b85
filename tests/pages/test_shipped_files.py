"""Static files: only those that we ship, kept long when asked for by version."""

from quantimodo.pages.assets import Assets
from support.page_site import Visitor


async def test_a_shipped_file_has_an_address_that_names_its_content(visitor: Visitor) -> None:
    url = Assets.shipped().url("site.css")
    response = await visitor.get(url)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/css; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in response.headers["cache-control"]


async def test_an_old_version_is_not_kept_long(visitor: Visitor) -> None:
    response = await visitor.get("/static/site.css?v=0123")
    assert response.status_code == 200
    assert "immutable" not in response.headers["cache-control"]


async def test_nothing_else_is_served(visitor: Visitor) -> None:
    for name in ("../renderer.py", "..%2frenderer.py", "%2e%2e/renderer.py", "nothing.css", ""):
        assert (await visitor.get(f"/static/{name}")).status_code == 404


async def test_a_browser_that_asks_for_the_icon_gets_it(visitor: Visitor) -> None:
    response = await visitor.get("/favicon.ico")
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/x-icon"
