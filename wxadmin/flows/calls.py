"""Calls to WeChat as the ledger keeps them."""

from wxadmin.clock import utcnow
from wxadmin.models import Stage
from wxadmin.services.facts import CallFact
from wxadmin.wechat.errors import CallFailed


def succeeded(stage: Stage, took_ms: int) -> CallFact:
    return CallFact(stage, utcnow(), took_ms)


def failed(stage: Stage, error: CallFailed, *sent: str) -> CallFact:
    """What is kept of a failed call; whatever was sent is cut out of WeChat's words, should they repeat it."""
    errmsg = error.errmsg
    for value in sent:
        errmsg = errmsg.replace(value, "…")
    return CallFact(stage, utcnow(), error.took_ms, error.code, errmsg or None, error.rid, error.http_status)


def not_made(stage: Stage, reason: str) -> CallFact:
    """A call that could not be made, for a reason of the gateway's own."""
    return CallFact(stage, utcnow(), 0, reason)
