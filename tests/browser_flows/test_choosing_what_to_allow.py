"""A person allows an application some health data for some time, and changes that afterwards.

In Chromium, without scripts."""

from datetime import timedelta

import httpx
import pytest

from quantimodo.measurements.payloads import SentMeasurement, SentSet
from quantimodo.model.client_metadata import ClientMetadata
from support.app import PASSWORD, TOKEN, VERIFIER
from support.browser import BrowserSetup
from support.browser_actions import press
from support.environment import no_authorities

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="session"),
]

MEASUREMENTS = "/api/v1/measurements"


async def record(browser_setup: BrowserSetup, user_id: int, name: str, category: str) -> None:
    """One measurement of yesterday, and one of a year ago."""
    context = browser_setup.harness.context
    now = context.clock.now()
    sent = [
        SentMeasurement(start_time=int((now - timedelta(days=days)).timestamp()), value=3)
        for days in (1, 365)
    ]
    each = SentSet(
        measurements=sent,
        variable_name=name,
        variable_category_name=category,
        abbreviated_unit_name="/5",
        source_name="diary",
    )
    await context.measurement_service.save(user_id, [each])


async def test_an_app_sees_only_what_was_chosen_and_the_person_changes_it_later(
    browser_setup: BrowserSetup,
) -> None:
    user = await browser_setup.harness.person()
    await record(browser_setup, user.id, "Sleep Quality", "Sleep")
    await record(browser_setup, user.id, "Hours of Sleep", "Sleep")
    await record(browser_setup, user.id, "Overall Mood", "Emotions")
    app = await browser_setup.register_app(
        metadata=ClientMetadata(optional_scope=("writemeasurements",))
    )
    path = browser_setup.authorize_path(app.id, scope="basic readmeasurements writemeasurements")
    async with (
        browser_setup.person() as page,
        httpx.AsyncClient(base_url=browser_setup.server, verify=no_authorities()) as client,
    ):
        await page.goto(path)
        await page.fill("[name=username]", "ann@example.org")
        await page.fill("[name=password]", PASSWORD)
        await press(page, "main button[type=submit]")
        assert "Sleep: 4 entries since" in await page.inner_text(".recorded-data")
        allow = await page.locator("#allow").bounding_box()
        cancel = await page.locator("#deny").bounding_box()
        assert allow is not None
        assert cancel is not None
        assert (allow["width"], allow["height"]) == (cancel["width"], cancel["height"])
        assert allow["y"] + allow["height"] <= 740, "in view without scrolling"

        await page.check("#data-some")
        await press(page, "#allow")
        assert "Choose at least one" in await page.inner_text(".summary")
        await page.check("[name=category][value=Sleep]")
        await page.select_option("#from", "days")
        await page.select_option("#until", "days")
        await press(page, "#allow")
        assert page.url.startswith(browser_setup.callback)

        response = await client.post(
            TOKEN,
            data={
                "grant_type": "authorization_code",
                "code": browser_setup.callbacks[-1]["code"],
                "redirect_uri": browser_setup.callback,
                "code_verifier": VERIFIER,
            },
            auth=(app.id, app.secret or ""),
        )
        assert set(response.json()["scope"].split()) == {"basic", "readmeasurements"}
        token = {"authorization": f"Bearer {response.json()['access_token']}"}
        seen = (await client.get(MEASUREMENTS, headers=token)).json()
        assert {each["variable"] for each in seen} == {"Sleep Quality", "Hours of Sleep"}
        assert len(seen) == 2, "those of a year ago are not there"

        await page.goto("/account")
        await press(page, "main h2 a")
        assert "Read: Sleep, of the last 90 days" in await page.inner_text("main")
        await page.uncheck("[name=category][value=Sleep]")
        await page.click("summary >> text=Parts of Sleep")
        await page.check("[name=variable][value='Sleep Quality']")
        await press(page, "#save")
        assert "Saved." in await page.inner_text(".notice")
        seen = (await client.get(MEASUREMENTS, headers=token)).json()
        assert [each["variable"] for each in seen] == ["Sleep Quality"]
        await page.select_option("#from", "all")
        await press(page, "#save")
        await press(page, "#confirm")
        assert "Read: Sleep Quality\n" in await page.inner_text("main")

        await press(page, ".history li:last-child a")
        assert "of the last 90 days" in await page.inner_text("main")
        assert "Mood Tracker" in await page.inner_text("dl")
