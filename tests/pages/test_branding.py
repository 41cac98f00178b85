"""The operator's name, logo, colors and links, and what a server does not start with."""

import re
from pathlib import Path

import pytest

from quantimodo.app.brand_colors import (
    DARK_BACKGROUNDS,
    LIGHT_BACKGROUNDS,
    contrast,
    dark_palette,
    light_palette,
    lighter_accent,
)
from quantimodo.app.composition.branding import brand_of, mail_look_of
from quantimodo.app.composition.server import build_server
from quantimodo.app.settings.reading import BadSettings, Settings, load_settings
from quantimodo.model.brand import Brand, Palette
from quantimodo.model.events import Mail
from quantimodo.ops.mail_html import html_of, text_of
from quantimodo.pages.assets import Assets
from quantimodo.pages.brand_style import brand_style
from quantimodo.pages.errors import SERVER_ERROR, error_page
from quantimodo.pages.renderer import Renderer
from support.app import AppHarness, OpenHarness
from support.page_site import PNG

MAIL = Mail(
    to="ann@example.org",
    subject="Choose a new password",
    text="To choose one, open\n\nhttps://id.example.org/reset?t=1\n\n-- \nhttps://id.example.org\n",
    action="Choose a new password",
)
WHOLE = "<!doctype html><html lang={{language}} dir={{direction}}><title>{{ title }}</title>"


def loaded(**branding: str) -> Settings:
    given = {f"QUANTIMODO_BRANDING__{name.upper()}": text for name, text in branding.items()}
    return load_settings(given)


@pytest.fixture
def logo(tmp_path: Path) -> str:
    (tmp_path / "logo.png").write_bytes(PNG)
    return str(tmp_path / "logo.png")


def test_pages_have_the_brand_within_their_policy(logo: str) -> None:
    settings = loaded(
        name="Example Health",
        logo=logo,
        accent="#7A1FA2",
        support="help@example.org",
        privacy_policy="https://example.org/privacy",
        imprint="https://example.org/imprint",
    )
    brand = brand_of(settings)
    assets = Assets.shipped(brand)
    page = error_page(Renderer(assets, brand), 500, *SERVER_ERROR)
    text = bytes(page.body).decode()
    assert "· Example Health</title>" in text
    assert "QuantiModo" not in text
    for address in (
        "mailto:help@example.org",
        "https://example.org/privacy",
        "https://example.org/imprint",
    ):
        assert f'<a href="{address}">' in text
    assert f'<img class="brand-logo" src="{assets.url("brand-logo")}" alt="" height="32">' in text
    site, branded = (text.index(assets.url(name)) for name in ("site.css", "brand.css"))
    assert site < branded
    assert "style-src 'self'" in page.headers["content-security-policy"]
    assert "<style" not in text
    assert " style=" not in text


def test_without_settings_the_pages_are_those_that_are_shipped() -> None:
    brand = brand_of(loaded())
    assert brand == Brand()
    assets = Assets.shipped(brand)
    assert "brand.css" not in assets
    text = bytes(error_page(Renderer(assets, brand), 500, *SERVER_ERROR).body).decode()
    assert "· QuantiModo</title>" in text
    assert "brand" not in re.sub(r'class="brand"', "", text)


ACCENTS = ("#7a1fa2", "#0b6b57", "#b3001b", "#000000", "#1d4ed8", "#6b5b00", "#707070")


@pytest.mark.parametrize("accent", ACCENTS)
def test_every_pair_of_a_palette_has_enough_contrast(accent: str) -> None:
    dark = lighter_accent(accent)
    for palette, backgrounds in (
        (light_palette(accent), LIGHT_BACKGROUNDS),
        (dark_palette(dark), DARK_BACKGROUNDS),
    ):
        pairs = [(palette.on_accent, palette.accent), (palette.on_accent, palette.deep)]
        pairs += [(palette.on_tint, palette.tint), (palette.accent, palette.tint)]
        pairs += [(color, each) for color in (palette.accent, palette.deep) for each in backgrounds]
        for one, other in pairs:
            assert contrast(one, other) >= 4.5, (palette, one, other)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_the_backgrounds_are_those_of_the_style_sheet() -> None:
    css = (Path(__file__).parents[2] / "src/quantimodo/pages/static/site.css").read_text()
    found = {
        name: re.findall(rf"--{name}: (#[0-9a-f]{{6}})", css)[:2] for name in ("paper", "card")
    }
    assert list(zip(found["paper"], found["card"], strict=True)) == [
        LIGHT_BACKGROUNDS,
        DARK_BACKGROUNDS,
    ]


def test_the_style_sheet_sets_both_looks() -> None:
    style = brand_style(brand_of(loaded(accent="#7a1fa2", accent_dark="#e0b3f5")))
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    assert "--accent: #7a1fa2;" in light
    assert "--accent: #e0b3f5;" in dark
    names = {each.split(":")[0].strip() for each in light.splitlines() if each.startswith("  --")}
    assert len(names) == len(Palette.__slots__) + 1


@pytest.mark.parametrize(
    ("branding", "fault"),
    [
        ({"accent": "m4rked"}, "BRANDING__ACCENT must be a color such as #0b6b57"),
        ({"accent": "#8fd3c1"}, r"ACCENT has a contrast of \d\.\d\d:1 to the background #f4f6f4"),
        ({"accent": "#0b6b57", "accent_dark": "#0b6b57"}, "ACCENT_DARK has a contrast of"),
        ({"accent_dark": "#5fd0b3"}, "ACCENT_DARK needs branding.accent"),
        ({"name": "x" * 65}, "BRANDING__NAME must have at most 64"),
        ({"support": "javascript:m4rked"}, "BRANDING__SUPPORT must be an e-mail address"),
        ({"support": "help@example.org?subject=m4rked"}, "BRANDING__SUPPORT must be an e-mail"),
        ({"imprint": "http://example.org/m4rked"}, "BRANDING__IMPRINT must be an https address"),
        ({"privacy_policy": "/m4rked"}, "BRANDING__PRIVACY_POLICY must be an https address"),
        ({"logo": "/m4rked/logo.png"}, "BRANDING__LOGO names a file that cannot be read"),
        ({"logo": __file__}, "BRANDING__LOGO must be a PNG, JPEG or WebP picture"),
        ({"email_header": "one\ntwo"}, "BRANDING__EMAIL_HEADER must be one line"),
        ({"email_footer": "x" * 1001}, "BRANDING__EMAIL_FOOTER must have at most 1000"),
        ({"email_folder": "/m4rked"}, "BRANDING__EMAIL_FOLDER has no file email.html"),
    ],
)
def test_a_brand_that_cannot_be_used_is_a_fault(branding: dict[str, str], fault: str) -> None:
    with pytest.raises(BadSettings, match=fault) as caught:
        loaded(**branding)
    assert "m4rked" not in str(caught.value)


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("<p>none</p>", "must have {{content}} once"),
        ("{{content}}{{content}}", "must have {{content}} once"),
        ("{{content}}{{m4rked}}", "has a place that is not known"),
        ("{{content}}<script>m4rked</script>", "must have no script"),
        ("{{content}}" + "x" * 102_400, "must not have more than"),
    ],
)
def test_a_template_that_cannot_be_used_is_a_fault(
    tmp_path: Path, template: str, fault: str
) -> None:
    (tmp_path / "email.html").write_text(template)
    with pytest.raises(BadSettings, match=re.escape(fault)) as caught:
        loaded(email_folder=str(tmp_path))
    assert "m4rked" not in str(caught.value)


def test_emails_have_the_look_of_the_operator(tmp_path: Path) -> None:
    plain = html_of(MAIL, "Example Health")
    assert "#0b6b57" in plain
    look = mail_look_of(
        loaded(
            accent="#7a1fa2",
            email_header="Example Health",
            email_footer="1 Example <Road>\nTown",
        )
    )
    html = html_of(MAIL, "Example Health", look)
    assert "#7a1fa2" in html
    assert "#0b6b57" not in html
    assert "ACCENT" not in html
    assert "<div><h1>Choose a new password</h1><p>Example Health</p><p>To choose" in html
    assert "1 Example &lt;Road&gt;\nTown" in html
    text = text_of(MAIL, look)
    assert text.startswith("Example Health\n\nTo choose one")
    assert text.endswith("-- \nhttps://id.example.org\n\n1 Example <Road>\nTown\n")
    assert text_of(MAIL) == MAIL.text
    page = (
        "<html lang={{language}} dir={{direction}}><h1>{{title}}</h1>{{content}}"
        "<i>{{service}}</i></html>"
    )
    (tmp_path / "email.html").write_text(page)
    own = html_of(MAIL, "<Example>", mail_look_of(loaded(email_folder=str(tmp_path))))
    assert own.startswith("<html lang=en dir=ltr><h1>Choose a new password</h1><p>To choose")
    assert own.endswith("<i>&lt;Example&gt;</i></html>")
    assert 'href="https://id.example.org/reset?t=1"' in own
    assert "<style" not in own


async def test_a_server_serves_what_its_pages_name(open_harness: OpenHarness, logo: str) -> None:
    settings = {"branding__name": "Example Health", "branding__accent": "#7a1fa2"}
    async with open_harness(**settings, branding__logo=logo) as harness:
        # The harness has a prepared renderer; a server makes it from its settings.
        application = await build_server(harness.context)
        branded = AppHarness(harness.context, application, harness.database, harness.password_hash)
        browser = branded.browser()
        page = (await browser.get("/sign-in")).text
        assert "With your Example Health account." in page
        for name, media_type in (("brand.css", "text/css"), ("brand-logo", "image/png")):
            match = re.search(rf'"(/static/{name}\?v=[0-9a-f]+)"', page)
            assert match is not None
            response = await browser.get(match[1])
            assert response.headers["content-type"].startswith(media_type)
            assert response.headers["content-security-policy"] == "default-src 'none'"
            assert "immutable" in response.headers["cache-control"]
