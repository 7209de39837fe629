"""The job that renews access tokens before they expire."""

from wxadmin import metrics
from wxadmin.flows.gateway import Gateway
from wxadmin.flows.refresh import refresh_pass
from wxadmin.log import logger
from wxadmin.tasks.runner import Job


async def run(gateway: Gateway) -> int:
    report = await refresh_pass(gateway, observe=metrics.note_refreshes)
    if report.leased or report.put_aside:
        metrics.note_refresh_pass(report)
        logger.info(
            "refreshed",
            leased=report.leased,
            renewed=report.renewed,
            overtaken=report.overtaken,
            given_back=report.given_back,
            put_aside=report.put_aside,
            failed=dict(report.failed),
        )
    return report.leased


def job(interval: float) -> Job:
    """`interval` in seconds."""
    return Job("refresh", interval, run)
