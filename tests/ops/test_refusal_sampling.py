"""A flood of refused requests writes a bounded number of log lines, each with a reason."""

from typing import Any

import structlog
from structlog.testing import capture_logs

from quantimodo.app.refusal_sampling import RefusalSampler
from support.app import ME, TOKEN, AppHarness


class Seconds:
    now = 60_000.0

    def __call__(self) -> float:
        return self.now


def passed(sampler: RefusalSampler, **event: Any) -> dict[str, Any] | None:
    try:
        return dict(sampler(None, "info", {"event": "refused", **event}))
    except structlog.DropEvent:
        return None


def flood(sampler: RefusalSampler, count: int, **event: Any) -> int:
    return sum(passed(sampler, **event) is not None for _ in range(count))


def test_one_reason_gets_ten_lines_a_minute() -> None:
    seconds = Seconds()
    sampler = RefusalSampler(seconds)
    assert flood(sampler, 10_000, endpoint="token", because="unknown client") == 10
    seconds.now += 60
    line = passed(sampler, endpoint="token", because="unknown client")
    assert line is not None
    assert line["left_out"] == line["left_out_in_all"] == 9_990
    assert "left_out" not in (passed(sampler, endpoint="token", because="unknown client") or {})


def test_all_reasons_together_get_sixty_lines_a_minute() -> None:
    seconds = Seconds()
    sampler = RefusalSampler(seconds)
    lines = sum(flood(sampler, 20, because=f"reason {number}") for number in range(2_000))
    assert lines == 60
    seconds.now += 60
    line = passed(sampler, because="reason 0")
    assert line is not None
    assert line["left_out_in_all"] == 2_000 * 20 - 60


def test_memory_is_bounded() -> None:
    sampler = RefusalSampler(Seconds())
    for number in range(20_000):
        flood(sampler, 1, because=f"reason {number}")
    assert len(sampler._passed) + len(sampler._left_out) <= 501


def test_other_lines_always_pass() -> None:
    sampler = RefusalSampler(Seconds())
    for _ in range(1_000):
        assert sampler(None, "error", {"event": "incident"}) == {"event": "incident"}


async def test_each_refusal_has_a_reason_that_holds_nothing_of_the_request(
    harness: AppHarness,
) -> None:
    app, browser = await harness.app(), harness.browser()
    marked = "marked-secret"
    with capture_logs() as lines:
        await harness.token(app, grant_type=marked)
        await harness.token(app, grant_type="authorization_code", code=marked)
        await harness.token(app, grant_type="client_credentials", client_secret=marked)
        await browser.get(ME)
        await browser.get(ME, headers={"authorization": f"Bearer {marked}"})
        await browser.post(TOKEN, content=b"x", headers={"content-encoding": "gzip"})
        await harness.ask(browser, app, client_id=marked)
        await harness.ask(browser, app, redirect_uri=f"https://{marked}.example.org/")
        await harness.ask(browser, app, scope=marked)
    refused = [line for line in lines if line["event"] == "refused"]
    assert len(refused) == 9
    for line in refused:
        assert line["endpoint"]
        assert line["code"]
        assert line["because"]
        assert marked not in str(line)
