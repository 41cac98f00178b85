"""Accept (RFC 9110 §12.5.1), and who gets JSON at authorize by it (v2-api.md §5)."""

import pytest

from quantimodo.http.accept import quality
from support.app import AUTHORIZE, AppHarness


@pytest.mark.parametrize(
    ("lines", "media_type", "expected"),
    [
        ([], "text/html", 1.0),
        ([""], "text/html", 1.0),
        (["text/html"], "text/html", 1.0),
        (["Text/HTML"], "text/html", 1.0),
        (["text/html;q=0.5"], "text/html", 0.5),
        (["text/html ; Q=0.5"], "text/html", 0.5),
        (["text/html;charset=utf-8;q=0.25"], "text/html", 0.25),
        (['text/html;x="a,b;q=0.1";q=0.5'], "text/html", 0.5),
        (["text/html;q=0"], "text/html", 0.0),
        (["text/html;q=0.000, */*"], "text/html", 0.0),
        (["*/*;q=0.1"], "text/html", 0.1),
        (["text/*;q=0.3, */*;q=0.1"], "text/html", 0.3),
        (["text/html;q=0.2, text/*;q=0.3, */*"], "text/html", 0.2),
        (["image/png", "text/html;q=0.7"], "text/html", 0.7),
        (["application/json"], "text/html", 0.0),
        (["application/json-seq"], "application/json", 0.0),
        (["text/html;q=2, image/png"], "text/html", 0.0),
        (["text/html;q=-1, image/png"], "text/html", 0.0),
        (["text/html;q=0.1234, image/png"], "text/html", 0.0),
        (["text/html;q=nan, image/png"], "text/html", 0.0),
        ([',,;;,=,"', "text/html"], "text/html", 1.0),
        ([',,;;,=,"'], "text/html", 0.0),
        (["/", "*", "text"], "text/html", 0.0),
    ],
)
def test_the_most_specific_range_decides(
    lines: list[str], media_type: str, expected: float
) -> None:
    assert quality(lines, media_type) == expected


@pytest.mark.parametrize(
    "lines",
    [
        ["application/json"],
        ["Application/JSON"],
        ["APPLICATION/JSON; charset=utf-8"],
        ["application/json;q=0.2"],
        ["image/png", "application/json"],
        ["application/json, text/html;q=0"],
        ["application/json, */*;q=0"],
        ["text/html;q=0, */*"],
        ["application/*"],
    ],
)
async def test_a_caller_that_takes_json_and_no_page_gets_json(
    harness: AppHarness, lines: list[str]
) -> None:
    headers = [("accept", line) for line in lines]
    response = await harness.browser().get(AUTHORIZE, headers=headers)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "lines",
    [
        ["application/json, TEXT/HTML"],
        ["application/json", "text/html"],
        ["text/html", "application/json"],
        ["application/json, text/*;q=0.1"],
        ["application/json, */*"],
        ["application/json;q=1, */*;q=0.001"],
        ["application/json;q=0"],
        ["application/json;q=0.000, image/png"],
        ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
        ["image/png"],
        ["application/jsonp"],
        ['text/plain;x="application/json"'],
        [""],
    ],
)
async def test_every_other_caller_gets_pages(harness: AppHarness, lines: list[str]) -> None:
    # v2-api.md §5: `Accept` that names text/html or */* always gets redirects and pages.
    headers = [("accept", line) for line in lines]
    response = await harness.browser().get(AUTHORIZE, headers=headers)
    assert response.headers["content-type"].startswith("text/html")
