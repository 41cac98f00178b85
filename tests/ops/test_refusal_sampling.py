"""monitoring.md: a flood of refused requests writes a bounded number of log lines, each with a
reason; the numbers of the lines that are left out are written too."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture, capture_logs

from quantimodo.app.background import report_left_out
from quantimodo.app.composition.server import open_server
from quantimodo.app.requests.refusal_sampling import RefusalSampler
from support.app import ME, TOKEN, AppHarness


class Seconds:
    def __init__(self) -> None:
        self.now = 60_000.0

    def __call__(self) -> float:
        return self.now


class SampledLog:
    """The log as `configure_logging` samples it."""

    def __init__(self) -> None:
        self.seconds = Seconds()
        self.sampler = RefusalSampler(self.seconds)
        self.capture = LogCapture()

    def named(self, event: str) -> list[Any]:
        return [line for line in self.capture.entries if line["event"] == event]


@pytest.fixture
def log() -> Iterator[SampledLog]:
    before, found = structlog.get_config()["processors"], SampledLog()
    structlog.configure(processors=[found.sampler, found.capture])
    yield found
    structlog.configure(processors=before)


def passed(sampler: RefusalSampler, event: str = "refused", **fields: Any) -> dict[str, Any] | None:
    try:
        return dict(sampler(None, "info", {"event": event, **fields}))
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


def test_documents_of_clients_are_one_reason() -> None:
    sampler = RefusalSampler(Seconds())
    lines = sum(
        passed(sampler, event="document.not_fetched", because=f"{number}.example.org: down")
        is not None
        for number in range(1_000)
    )
    assert lines == 10


def test_after_a_flood_and_silence_a_summary_has_the_numbers(log: SampledLog) -> None:
    logger = structlog.get_logger()
    for _ in range(1_000):
        logger.info("refused", endpoint="token", code="invalid_client", because="unknown client")
    report_left_out(log.sampler)
    assert not log.named("refusals left out")  # the minute is not over
    log.seconds.now += 60
    report_left_out(log.sampler)
    report_left_out(log.sampler)
    (line,) = log.named("refusals left out")
    assert line["left_out_in_all"] == 990
    assert line["most"] == [
        {
            "event": "refused",
            "endpoint": "token",
            "code": "invalid_client",
            "because": "unknown client",
            "left_out": 990,
        }
    ]


def test_the_summary_names_the_five_largest_reasons(log: SampledLog) -> None:
    logger = structlog.get_logger()
    for number in range(100):
        for _ in range(10 + number):
            logger.info("refused", because=f"reason {number}")
    log.seconds.now += 60
    report_left_out(log.sampler)
    (line,) = log.named("refusals left out")
    assert [each["because"] for each in line["most"]] == [f"reason {n}" for n in range(99, 94, -1)]
    assert line["left_out_in_all"] == sum(10 + number for number in range(100)) - 60


async def test_a_worker_that_stops_writes_the_summary(harness: AppHarness, log: SampledLog) -> None:
    async with open_server(harness.context.settings, log.sampler):
        for _ in range(100):
            structlog.get_logger().info("refused", because="unknown client")
    (line,) = log.named("refusals left out")
    assert line["left_out_in_all"] == 90


async def test_metrics_count_each_refusal_while_the_log_is_sampled(
    harness: AppHarness, log: SampledLog
) -> None:
    app = await harness.app()
    series = 'quantimodo_requests_total{endpoint="token",status="4xx"}'
    before = await harness.counted(series)
    for _ in range(25):
        await harness.token(app, grant_type="no such grant type")
    assert await harness.counted(series) - before == 25
    assert len(log.named("refused")) == 10


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
