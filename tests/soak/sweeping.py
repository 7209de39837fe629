"""The sweep job as it runs when leases are over, without the wait."""

from datetime import timedelta

import pytest

from wxadmin import app
from wxadmin.clock import utcnow
from wxadmin.settings import Settings
from wxadmin.tasks import sweep

STATE_IS_OVER = timedelta(minutes=10, seconds=1)


async def sweep_later(settings: Settings, monkeypatch: pytest.MonkeyPatch, later: timedelta | None = None) -> int:
    """Ends what processes that died have left behind; returns how many rows were ended or deleted. After longer than a
    lease, it ends what else is over by then too."""
    over = timedelta(seconds=4 * settings.wechat_timeout + 11)
    monkeypatch.setattr(sweep, "utcnow", lambda: utcnow() + (later or over))
    async with app.make_front(settings, "http://127.0.0.1") as front:
        return await sweep.run(front.gateway)
