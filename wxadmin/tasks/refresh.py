"""The job that renews access tokens before they expire."""

from wxadmin import metrics
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.refresh import refresh_pass
from wxadmin.log import logger
from wxadmin.tasks.runner import Job


async def run(gateway: Gateway) -> int:
    report = await refresh_pass(gateway)
    if report.leased:
        metrics.note_refresh("ok", report.renewed)
        for code, times in report.failed.items():
            metrics.note_refresh(code, times)
        logger.info("refreshed", leased=report.leased, renewed=report.renewed, failed=dict(report.failed))
    return report.leased


def job(interval: float) -> Job:
    """`interval` in seconds."""
    return Job("refresh", interval, run)
