"""Full logins a second while each of WeChat's answers takes 50 ms, against the same without delay."""

from dataclasses import replace
from functools import partial

import httpx

from tests.benchmarks.logins import logins_at
from tests.benchmarks.report import Report
from tests.benchmarks.rounds import compare
from tests.benchmarks.servers import Server, gateway, places

GOAL = 0.8
AT_ONCE = 256
DELAY_MS = 50


def run(report: Report) -> None:
    for place in places(report, "latency"):
        with gateway(place) as serving:
            plain = logins_at(serving, place, "without delay, logins/s")
            name = f"full logins/s, {place.store}, {DELAY_MS} ms in WeChat's answer"
            late = replace(plain, name=name, before=partial(_answer_after, place.wechat, DELAY_MS))
            prompt = replace(plain, before=partial(_answer_after, place.wechat, 0))
            compare(report, late, prompt, goal=GOAL, at_once=AT_ONCE)


def _answer_after(wechat: Server, milliseconds: int) -> None:
    httpx.post(f"{wechat.url}/_sim/settings", json={"latency_ms": milliseconds}, trust_env=False).raise_for_status()
