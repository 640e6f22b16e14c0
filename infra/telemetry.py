"""Telemetry: structured logs (no personal data, no secrets) and the counters behind /metrics."""

import logging
import sys

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

METRICS = CollectorRegistry()
REQUESTS = Counter("lastbook_requests", "Answers by route and status.", ("route", "status"), registry=METRICS)
REQUEST_SECONDS = Histogram(
    "lastbook_request_seconds",
    "Time to answer by route.",
    ("route",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=METRICS,
)
IN_FLIGHT = Gauge("lastbook_requests_in_flight", "Requests being answered.", registry=METRICS)
LIVE_TENANTS = Gauge("lastbook_live_tenants", "Tenants held in memory for serving.", registry=METRICS)


def metrics_text() -> bytes:
    """The Prometheus exposition of everything above."""
    return generate_latest(METRICS)


def configure_logs(*, level: str, as_json: bool) -> None:
    """One line an event on standard error: JSON for machines, columns for a person."""
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
