"""RFC 9110 §12.5.4, RFC 4647 §3.4, OpenID Connect Core §3.1.2.1: which language is chosen."""

import pytest

from quantimodo.i18n.negotiation import lookup, match_accept_language, match_ui_locales


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("de", "de"),
        ("DE-at", "de"),
        ("fr, de;q=0.9, en;q=0.8", "de"),
        ("en;q=0.5, de;q=0.7", "de"),
        ("de;q=0.7, en;q=0.7", "de"),
        ("de;q=0, en;q=0.1", "en"),
        ("fr-CH, fr;q=0.9, *;q=0.1", None),
        ("*", None),
        ("", None),
        ("de;q=2, en", "en"),
        ("de;level=1, en", "en"),
        ("de; q = 0.5", "de"),
        (";;q=,,=;", None),
        ("de;q=0.0001, en;q=0.001", "en"),
    ],
)
def test_the_language_of_a_browser(header: str, tag: str | None) -> None:
    assert match_accept_language(header) == tag


@pytest.mark.parametrize(
    ("tags", "tag"),
    [
        (["de-Latn-DE-1996"], "de"),
        (["de-x-private"], "de"),
        (["x-de"], None),
        (["de" + "-a" * 100_000], "de"),
        (["german", "en-GB"], "en"),
        ([], None),
    ],
)
def test_a_tag_is_shortened_until_it_is_offered(tags: list[str], tag: str | None) -> None:
    assert lookup(tags) == tag


@pytest.mark.parametrize(
    ("text", "tag"), [("fr-CA de en", "de"), ("xx", None), ("", None), ("  de", "de")]
)
def test_ui_locales_are_in_order_of_preference(text: str, tag: str | None) -> None:
    assert match_ui_locales(text) == tag
