"""Logs: one JSON object a line on standard error. No secret ever reaches a call of it."""

import logging
import sys
import time

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from quantimodo.app.refusal_sampling import RefusalSampler


def configure_logging(level: str) -> None:
    """For this process, once."""
    structlog.configure(
        processors=[
            RefusalSampler(time.monotonic),
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
