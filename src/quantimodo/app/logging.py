"""Logs: one JSON object a line on standard error. Callers never pass a secret."""

import logging
import sys
import time

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from quantimodo.app.requests.refusal_sampling import RefusalSampler


def configure_logging(level: str) -> RefusalSampler:
    """For this process, once. Returns the sampler, which has the numbers of the lines that it
    leaves out."""
    sampler = RefusalSampler(time.monotonic)
    structlog.configure(
        processors=[
            sampler,
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
    return sampler
