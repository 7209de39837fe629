"""Every page of the dashboard over millions of users and events: the server's own time, by its log; and failures by
errcode against grouping the events themselves."""

import json
import math
import tempfile
import timeit
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from sqlalchemy import TextClause, bindparam, select, text
from sqlalchemy.orm import Session

from tests.benchmarks import season
from tests.benchmarks.addresses import Address, Addresses
from tests.benchmarks.report import Report
from tests.benchmarks.stores import unused_port
from tests.running import METRICS_TOKEN, SECRET_KEY, serve
from tests.visiting import no_cookies
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models import Event, Role, Site, Staff
from wxadmin.security.hashes import random_text
from wxadmin.services import sessions, staff
from wxadmin.settings import Settings

Tokens = dict[Role, str]

LOADS = 50
_FAILURES = "failures range=30"
GOAL_MS = 100.0
GOAL_RATIO = 1.2
_SITES = 3
"""So many sites has the developer."""
# Nothing listens there: the sample's accounts call nobody.
_NO_WECHAT = "http://127.0.0.1:9"


def run(report: Report) -> None:
    for name, url in season.databases(report, "pages"):
        addresses, tokens = _prepared(url)
        times = _times(url, addresses, tokens)
        for address, took in zip(addresses, times, strict=True):
            report.page(f"{name}: {address.name}", p95(took), median(took), took[0], GOAL_MS)
        by_name = {address.name: address for address in addresses}
        for address in addresses:
            if address.first:
                # By themselves: among all the others each would find in memory what those before it have left there.
                last, first = map(median, _times(url, (address, by_name[address.first]), tokens))
                report.ratio(f"{name}: {address.name} / {address.first}, medians", last / first, GOAL_RATIO)
        [page] = [took for address, took in zip(addresses, times, strict=True) if address.name == _FAILURES]
        report.share(f"{name}: {_FAILURES}, median", median(page), "the raw GROUP BY", _grouped(url), goal=1 / 100)


def _grouped(url: str) -> float:
    """The milliseconds that the database takes for counts by code from the events themselves, the best of three: of
    all, since failures alone have an index of their own, which the pages brought."""
    database = Database(url)
    query = text(
        "SELECT code, stage, event_class, count(*) FROM event WHERE at >= :since GROUP BY code, stage, event_class"
    ).bindparams(bindparam("since", utcnow() - timedelta(days=30), Event.at.type))
    try:
        return min(1_000 * timeit.timeit(lambda: database.read_now(_all, query), number=1) for _ in range(3))
    finally:
        database.close()


def _all(session: Session, query: TextClause) -> Sequence[Any]:
    return session.execute(query).all()


def _prepared(url: str) -> tuple[list[Address], Tokens]:
    """The pages, and sessions of those who look at them."""
    database = Database(url)
    try:
        addresses = database.read_now(lambda session: list(Addresses(session).all()))
        roles = sorted({address.role for address in addresses})
        return addresses, {role: database.write_now(_signed_in, role) for role in roles}
    finally:
        database.close()


def _signed_in(session: Session, role: Role) -> str:
    name = f"bench-{role}"
    person = session.scalar(select(Staff).where(Staff.name == name))
    if person is None:
        sites = sorted(session.scalars(select(Site.name)))[:_SITES] if role is Role.DEVELOPER else []
        person = staff.add(session, name=name, role=role, password=random_text(32), site_names=sites, actor=name)
        session.flush()
    return sessions.begin(session, person.id, name=name, now=utcnow(), ip=None, user_agent=name)


def _times(url: str, addresses: Sequence[Address], tokens: Tokens) -> list[list[float]]:
    """For each page the milliseconds of each load, in turn with all the others."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            _env_file=None,
            data_dir=Path(folder),
            database_url=url,
            secret_keys=[SECRET_KEY],
            metrics_token=METRICS_TOKEN,
            wechat_open_url=_NO_WECHAT,
            wechat_api_url=_NO_WECHAT,
            log_format="json",
        )
        port = unused_port()
        with serve(settings, port, folder=Path(folder)) as server:
            asked = _load(f"http://127.0.0.1:{port}", addresses, tokens)
            # The line of a request is written after its answer.
            server.terminate()
        took = _by_request(server.output)
        return [[took[request] for request in requests] for requests in asked]


def _load(server: str, addresses: Sequence[Address], tokens: Tokens) -> list[list[str]]:
    """For each page the ids of its requests."""
    asked: list[list[str]] = [[] for _ in addresses]
    with httpx.Client(base_url=server, cookies=no_cookies(), trust_env=False, timeout=60) as http:
        for _ in range(LOADS):
            for address, requests in zip(addresses, asked, strict=True):
                cookie = f"wxadmin_session={tokens[address.role]}"
                answer = http.get(address.path, headers={"Cookie": cookie})
                assert answer.status_code == 200, (address, answer.status_code)
                requests.append(answer.headers["X-Request-Id"])
    return asked


def _by_request(log: str) -> dict[str, float]:
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return {line["request_id"]: line["ms"] for line in lines if line.get("event") == "request"}


def p95(values: Sequence[float]) -> float:
    """The value that 95 % of them do not exceed."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
