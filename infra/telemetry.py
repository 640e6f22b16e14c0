"""Telemetry: structured logs (no personal data, no secrets) and the counters behind /metrics."""

import logging
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator

import structlog
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RequestCounters(Collector):
    """Requests and their seconds by route and status.

    Plain numbers of one event loop, given to Prometheus when it asks: its own counters take a lock at each step, which
    came to a tenth of a slot request.
    """

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS) + 1))
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def add(self, route: str, status: int, seconds: float) -> None:
        self._counts[route, status] += 1
        self._buckets[route][bisect_left(BUCKETS, seconds)] += 1
        self._seconds[route] += seconds

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("lastbook_requests", "Answers by route and status.", labels=("route", "status"))
        for (route, status), count in self._counts.items():
            requests.add_metric((route, str(status)), count)
        yield requests
        durations = HistogramMetricFamily("lastbook_request_seconds", "Time to answer by route.", labels=("route",))
        for route, buckets in self._buckets.items():
            durations.add_metric((route,), _cumulative(buckets), self._seconds[route])
        yield durations


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    edges = (*(str(edge) for edge in BUCKETS), "+Inf")
    return [(edge, sum(buckets[: place + 1])) for place, edge in enumerate(edges)]


METRICS = CollectorRegistry()
REQUESTS = RequestCounters()
METRICS.register(REQUESTS)
IN_FLIGHT = Gauge("lastbook_requests_in_flight", "Requests being answered.", registry=METRICS)
LIVE_TENANTS = Gauge("lastbook_live_tenants", "Tenants held in memory for serving.", registry=METRICS)


def metrics_text() -> bytes:
    """The Prometheus exposition of everything above."""
    return generate_latest(METRICS)


def configure_logs(*, level: str, as_json: bool) -> None:
    """One line an event on standard error: JSON for machines, columns for a person."""
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        # Plain tracebacks: the rich ones show local variables, and those hold what shoppers told us.
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
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
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)


class _Libraries(logging.Handler):
    """What libraries say through the standard library's logging, as lines of the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger()
        logger.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
