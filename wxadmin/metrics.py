"""What Prometheus is told. Gauges of the whole installation come from the database when they are asked for."""

from collections.abc import Sequence
from functools import cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from wxadmin.queries.house import Reading
from wxadmin.services.refresh_passes import PassReport
from wxadmin.services.refreshed import Refreshed

CONTENT_TYPE = CONTENT_TYPE_LATEST

_REQUESTS = Counter("wxadmin_requests_total", "Requests answered", ["handler", "status"])
_SECONDS = Histogram("wxadmin_request_seconds", "Time to answer a request", ["handler"])
_LOGINS = Counter("wxadmin_returns_total", "Returns from WeChat by how they ended", ["ended"])
_REFRESHES = Counter("wxadmin_refreshes_total", "Refreshes by errcode or reason, `ok` where renewed", ["result"])
_REFRESH_SECONDS = Histogram("wxadmin_refresh_seconds", "WeChat's time to answer a refresh")
_REFRESH_LEASES = Counter(
    "wxadmin_refresh_tokens_total",
    "Tokens that passes took, by what became of those that were not refreshed: given_back, put_aside, overtaken",
    ["what"],
)
_JOBS = Counter("wxadmin_job_runs_total", "Runs of background jobs", ["job", "result"])
_LIMITED = Counter("wxadmin_rate_limited_total", "Requests turned away after too many failures", ["kind"])
_JOURNAL_DEPTH = Gauge("wxadmin_journal_waiting", "Steps that wait for the writer", multiprocess_mode="livesum")


# Looking a child up by its labels costs more than counting, and there are few of these.
_requests_of = cache(_REQUESTS.labels)
_seconds_of = cache(_SECONDS.labels)


def note_request(handler: str, status: int, seconds: float) -> None:
    _requests_of(handler, status).inc()
    _seconds_of(handler).observe(seconds)


def note_return(ended: str) -> None:
    _LOGINS.labels(ended).inc()


def note_refreshes(results: Sequence[Refreshed]) -> None:
    for result in results:
        _REFRESHES.labels(result.call.code or "ok").inc()
        _REFRESH_SECONDS.observe(result.call.duration_ms / 1000)


def note_refresh_pass(report: PassReport) -> None:
    for what in ("leased", "given_back", "put_aside", "overtaken"):
        _REFRESH_LEASES.labels(what).inc(getattr(report, what))


def note_job(job: str, *, failed: bool) -> None:
    _JOBS.labels(job, "failed" if failed else "ok").inc()


def note_limited(kind: str) -> None:
    _LIMITED.labels(kind).inc()


def note_journal_depth(waiting: int) -> None:
    _JOURNAL_DEPTH.set(waiting)


def text(folder: str | None, readings: Sequence[Reading]) -> bytes:
    """The Prometheus text: this process's numbers, or all processes' where they share a folder, and the readings."""
    numbers = REGISTRY
    if folder is not None:
        numbers = CollectorRegistry()
        MultiProcessCollector(numbers, folder)  # type: ignore[no-untyped-call]
    extra, gauges = CollectorRegistry(), dict[str, Gauge]()
    for reading in readings:
        if reading.name not in gauges:
            gauges[reading.name] = Gauge(reading.name, reading.help, list(reading.labels), registry=extra)
        gauge = gauges[reading.name]
        (gauge.labels(**reading.labels) if reading.labels else gauge).set(reading.value)
    return generate_latest(numbers) + generate_latest(extra)
