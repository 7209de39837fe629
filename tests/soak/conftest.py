"""A WeChat of its own process for storms, and a furnished database."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running import started, unused_port


@pytest.fixture
def wechat_url(tmp_path: Path) -> Iterator[str]:
    """The simulator as a process, so that it takes no time from the visitors."""
    port = unused_port()
    command = ("-m", "wxadmin.simulator", "--port", str(port), "--answer", "allow")
    with started(*command, env={}, folder=tmp_path) as program:
        program.answers(f"http://127.0.0.1:{port}/_sim/stats")
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def simulator(wechat_url: str) -> Iterator[httpx.Client]:
    """The simulator's controls."""
    with httpx.Client(base_url=f"{wechat_url}/_sim", trust_env=False) as controls:
        yield controls
