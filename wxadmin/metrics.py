"""What Prometheus is told. Gauges of the whole installation come from the database when they are asked for."""

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

CONTENT_TYPE = CONTENT_TYPE_LATEST

_REQUESTS = Counter("wxadmin_requests_total", "Requests answered", ["handler", "status"])
_SECONDS = Histogram("wxadmin_request_seconds", "Time to answer a request", ["handler"])
_LOGINS = Counter("wxadmin_returns_total", "Returns from WeChat by how they ended", ["ended"])
_REFRESHES = Counter("wxadmin_refreshes_total", "Refreshes by errcode or reason, `ok` where renewed", ["result"])
_JOBS = Counter("wxadmin_job_runs_total", "Runs of background jobs", ["job", "result"])
_JOURNAL_DEPTH = Gauge("wxadmin_journal_waiting", "Steps that wait for the writer", multiprocess_mode="livesum")


def note_request(handler: str, status: int, seconds: float) -> None:
    _REQUESTS.labels(handler, status).inc()
    _SECONDS.labels(handler).observe(seconds)


def note_return(ended: str) -> None:
    _LOGINS.labels(ended).inc()


def note_refresh(result: str, times: int = 1) -> None:
    _REFRESHES.labels(result).inc(times)


def note_job(job: str, *, failed: bool) -> None:
    _JOBS.labels(job, "failed" if failed else "ok").inc()


def note_journal_depth(waiting: int) -> None:
    _JOURNAL_DEPTH.set(waiting)


def text(folder: str | None, gauges: dict[str, tuple[str, float]]) -> bytes:
    """The Prometheus text: this process's numbers, or all processes' where they share a folder, and the gauges."""
    numbers = REGISTRY
    if folder is not None:
        numbers = CollectorRegistry()
        MultiProcessCollector(numbers, folder)  # type: ignore[no-untyped-call]
    extra = CollectorRegistry()
    for name, (help_text, value) in gauges.items():
        Gauge(name, help_text, registry=extra).set(value)
    return generate_latest(numbers) + generate_latest(extra)
