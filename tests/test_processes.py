"""`wxadmin serve` as real processes: it starts or says why not, drains when told to, and survives what dies."""

import os
import re
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import update

from tests.databases import on_postgresql, on_sqlite
from tests.running import Program, SiteKeys, environment, run, serve, started, until, unused_port
from tests.visiting import Visitor, no_cookies, redeem, ticket_of
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models import Attempt, Node, Token, User
from wxadmin.settings import Settings
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault

Stored = Callable[[type], Sequence]
MEGABYTE = 1024 * 1024


@pytest.fixture
def port() -> int:
    return unused_port()


@pytest.fixture
def visitor(port: int, site_keys: SiteKeys, http: httpx.AsyncClient) -> Visitor:
    return Visitor(f"http://127.0.0.1:{port}", http)


def alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has waited for yet is dead all the same."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def resident(pid: int) -> int:
    """Bytes of memory that the process holds."""
    return int(re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[0]) * 1024


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@on_sqlite
async def test_a_process_serves_logins_and_ends_with_0_when_told_to(
    settings: Settings, port: int, visitor: Visitor, tmp_path: Path, *, stored: Stored, number: int
) -> None:
    with serve(settings, port, folder=tmp_path) as program:
        ticket = await visitor.log_in()
        program.process.send_signal(number)
        code = program.ends()

    assert ticket
    assert code == 0
    assert len(stored(User)) == 1
    assert "stopped" in program.output
    assert "Traceback" not in program.output


async def test_an_exchange_in_flight_is_finished_and_its_browser_sent_on(
    settings: Settings, port: int, visitor: Visitor, tmp_path: Path, *, world: World, stored: Stored
) -> None:
    with serve(settings.model_copy(update={"wechat_timeout": 5}), port, folder=tmp_path) as program:
        callback = await visitor.agree(await visitor.start())
        world.faults.order(Fault("exchange", "slow", seconds=1.0, times=1))
        with ThreadPoolExecutor(1) as thread, httpx.Client(trust_env=False, cookies=no_cookies()) as browser:
            cookie = "=".join(next(iter(visitor.cookies.items())))
            coming = thread.submit(browser.get, visitor.gateway + callback, headers={"Cookie": cookie})
            until(lambda: stored(Attempt)[0].returned_at)
            program.process.send_signal(signal.SIGTERM)
            until(lambda: refuses(port))
            response = coming.result()
        code = program.ends()

    assert ticket_of(response)
    assert code == 0
    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded"]


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def two_serving(settings: Settings, port: int, folder: Path) -> Iterator[Program]:
    """`serve --processes 2`, once both listen."""
    with serve(settings, port, "--processes", "2", folder=folder) as program:
        until(lambda: program.output.count('"event": "serving"') == 2)
        yield program


async def test_of_two_processes_each_serves_while_the_other_sleeps(
    settings: Settings, port: int, site_keys: SiteKeys, tmp_path: Path, *, stored: Stored
) -> None:
    # A connection that was kept would lead to the one that sleeps.
    one_request_each = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(trust_env=False, cookies=no_cookies(), limits=one_request_each) as http:
        visitor = Visitor(f"http://127.0.0.1:{port}", http)
        with two_serving(settings, port, tmp_path) as program:
            for asleep in program.children:
                os.kill(asleep, signal.SIGSTOP)
                await visitor.log_in()
                os.kill(asleep, signal.SIGCONT)
            headers = {"Authorization": f"Bearer {settings.metrics_token}"}
            metrics = await http.get(f"{visitor.gateway}/metrics", headers=headers)
            children = program.children
            code = program.terminate()

    assert len(children) == 2
    assert [user.logins for user in stored(User)] == [2]
    assert 'wxadmin_returns_total{ended="succeeded"} 2.0' in metrics.text
    assert code == 0
    assert not any(alive(child) for child in children)


@on_postgresql
async def test_a_child_that_is_killed_is_replaced(
    settings: Settings, port: int, visitor: Visitor, tmp_path: Path, *, stored: Stored
) -> None:
    with two_serving(settings, port, tmp_path) as program:
        first = program.children
        os.kill(first[0], signal.SIGKILL)
        until(lambda: len(stored(Node)) == 3)
        await visitor.log_in()
        second = program.children
        code = program.terminate()

    assert len(set(first) & set(second)) == 1
    assert len(second) == 2
    assert code == 0
    assert "process_restarted" in program.output
    assert not any(alive(child) for child in {*first, *second})


@on_sqlite
def test_a_stop_in_the_middle_of_the_start_reaches_every_process(
    settings: Settings, site_keys: SiteKeys, tmp_path: Path
) -> None:
    command = ("-m", "wxadmin", "serve", "--port", "0", "--processes", "3")
    with started(*command, env=environment(settings), folder=tmp_path) as program:
        # At once: the first process runs, and the others are about to.
        while not program.children:
            assert program.process.poll() is None, program.output
        code = program.terminate()

    assert code == 0


@on_sqlite
async def test_a_stop_just_after_the_children_died_ends_with_0(
    settings: Settings, port: int, site_keys: SiteKeys, tmp_path: Path
) -> None:
    with two_serving(settings, port, tmp_path) as program:
        for child in program.children:
            os.kill(child, signal.SIGKILL)
        until(lambda: "process_restarted" in program.output)
        code = program.terminate()

    assert code == 0
    assert "wxadmin: " not in program.output


# As a container's first process does, it takes over the children of those who died before them.
INIT = """
import ctypes, subprocess
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
subprocess.run(["sh", "-c", "sleep 0.1 &"])
from wxadmin.__main__ import main
main()
"""


@on_sqlite
async def test_the_orphans_of_a_container_are_in_nobodys_way(
    settings: Settings, port: int, site_keys: SiteKeys, tmp_path: Path
) -> None:
    command = ("-c", INIT, "serve", "--port", str(port), "--processes", "2")
    with started(*command, env=environment(settings), folder=tmp_path) as program:
        until(lambda: program.output.count('"event": "serving"') == 2)
        os.kill(program.children[-1], signal.SIGKILL)
        until(lambda: "process_restarted" in program.output)
        code = program.terminate()

    assert code == 0


@on_sqlite
async def test_children_end_when_their_parent_is_killed(
    settings: Settings, port: int, site_keys: SiteKeys, tmp_path: Path
) -> None:
    with two_serving(settings, port, tmp_path) as program:
        children = program.children
        program.kill()
        until(lambda: not any(alive(child) for child in children))

    assert refuses(port)


@on_sqlite
def test_processes_that_cannot_start_are_not_tried_for_ever(settings: Settings, bed: Any, tmp_path: Path) -> None:
    empty = bed.empty()
    try:
        chosen = settings.model_copy(update={"database_url": empty})
        ended = run("serve", "--port", "0", "--processes", "2", env=environment(chosen), folder=tmp_path)
    finally:
        bed.drop(empty)

    assert ended.returncode == 1
    assert "wxadmin migrate" in ended.stderr


@on_sqlite
def test_a_database_that_is_not_migrated_names_the_command(settings: Settings, bed: Any, tmp_path: Path) -> None:
    empty = bed.empty()
    try:
        chosen = settings.model_copy(update={"database_url": empty})
        refused = run("serve", "--port", "0", env=environment(chosen), folder=tmp_path)
        migrated = run("migrate", env=environment(chosen), folder=tmp_path)
        again = run("migrate", env=environment(chosen), folder=tmp_path)
    finally:
        bed.drop(empty)

    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("wxadmin: ")
    assert "run `wxadmin migrate`" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (migrated.returncode, again.returncode) == (0, 0)
    assert "from no schema" in migrated.stdout
    assert "from" not in again.stdout


@on_sqlite
def test_a_port_in_use_is_named(settings: Settings, site_keys: SiteKeys, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = run("serve", "--port", str(port), env=environment(settings), folder=tmp_path)

    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WXADMIN_WECHAT_TIMOUT", "5", "WXADMIN_WECHAT_TIMOUT is no setting of wxadmin"),
        ("WXADMIN_WECHAT_TIMEOUT", "soon", "WXADMIN_WECHAT_TIMEOUT: "),
        ("WXADMIN_DATABASE_URL", "mysql://root:hunter2@db/wx", "WXADMIN_DATABASE_URL: "),
    ],
)
@on_sqlite
def test_a_bad_setting_stops_the_start_with_one_line(
    settings: Settings, tmp_path: Path, name: str, value: str, *, said: str
) -> None:
    ended = run("serve", "--port", "0", env=environment(settings) | {name: value}, folder=tmp_path)

    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith(f"wxadmin: {said}")
    assert "hunter2" not in ended.stderr


@on_sqlite
def test_sqlite_takes_three_processes_at_most(settings: Settings, tmp_path: Path) -> None:
    ended = run("serve", "--processes", "4", env=environment(settings), folder=tmp_path)

    assert ended.returncode == 1
    assert "SQLite takes up to 3 processes" in ended.stderr


@on_postgresql
async def test_a_login_begun_at_one_process_ends_at_another(
    settings: Settings, site_keys: SiteKeys, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    ports = unused_port(), unused_port()
    public = settings.model_copy(update={"public_url": "https://m.example.com"})
    first, second = (Visitor(f"http://127.0.0.1:{port}", http) for port in ports)
    with serve(public, ports[0], folder=tmp_path), serve(public, ports[1], folder=tmp_path):
        callback = await first.agree(await first.start())
        elsewhere = replace(second, cookies=first.cookies)
        ticket = ticket_of(await elsewhere.get(callback))
        again = ticket_of(await first.get(callback))
        redeemed = [await redeem(http, first.gateway, site_keys.shop, each) for each in (ticket, again)]

    assert [answer.status_code for answer in redeemed] == [200, 200]
    assert len({answer.json()["login_id"] for answer in redeemed}) == 1


HUGE = 50 * MEGABYTE


def requests_of_fifty_megabytes(key: str) -> dict[str, bytes]:
    bearer = f"Authorization: Bearer {key}\r\n"
    return {
        "body": f"POST /api/v1/tickets/redeem HTTP/1.1\r\nHost: x\r\n{bearer}Content-Length: {HUGE}\r\n\r\n".encode(),
        "body of a start": f"POST /auth HTTP/1.1\r\nHost: x\r\nContent-Length: {HUGE}\r\n\r\n".encode(),
        "chunks": f"POST /api/v1/tickets/redeem HTTP/1.1\r\nHost: x\r\n{bearer}"
        f"Transfer-Encoding: chunked\r\n\r\n{HUGE:x}\r\n".encode(),
        "header": b"GET /auth HTTP/1.1\r\nHost: x\r\nCookie: ",
        "address": b"GET /auth?url=",
    }


def pour(port: int, head: bytes) -> bytes:
    """Sends the head and fifty megabytes after it for as long as somebody takes them; what came back."""
    piece = b"x" * MEGABYTE
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall(head)
            for _ in range(HUGE // MEGABYTE):
                connection.sendall(piece)
            return connection.recv(1024)
        except ConnectionError:
            return b""


@on_sqlite
def test_fifty_megabytes_are_cut_off_without_being_kept(
    settings: Settings, site_keys: SiteKeys, port: int, tmp_path: Path, *, stored: Stored
) -> None:
    with serve(settings, port, folder=tmp_path) as program:
        before = resident(program.pid)
        answers = {name: pour(port, head) for name, head in requests_of_fifty_megabytes(site_keys.shop).items()}
        after = resident(program.pid)
        program.answers(f"http://127.0.0.1:{port}/healthz")

    assert not any(b" 200 " in answer or b" 302 " in answer for answer in answers.values())
    assert after - before < 8 * MEGABYTE
    assert stored(Attempt) == []


async def test_one_pass_of_the_refresh_job_says_what_it_did(
    settings: Settings, visitor: Visitor, port: int, tmp_path: Path, *, world: World, stored: Stored, database: Database
) -> None:
    with serve(settings, port, folder=tmp_path):
        for visitor.person in (1, 2, 3):
            await visitor.log_in()
    due = update(Token).values(next_refresh_at=utcnow())
    database.write_now(lambda session: session.execute(due))
    world.faults.order(Fault("refresh", "errcode", errcode=42002, times=1))

    ended = run("refresh", "--once", env=environment(settings), folder=tmp_path)

    assert ended.returncode == 0
    assert ended.stdout.splitlines() == ["due 3, renewed 2, overtaken by a login 0", "failed with 42002: 1"]
    assert sorted(token.state for token in stored(Token)) == ["active", "active", "needs_consent"]


@on_sqlite
def test_the_default_database_is_made_and_migrated_by_itself(settings: Settings, port: int, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"]}

    with started("-m", "wxadmin", "serve", "--port", str(port), env=env, folder=tmp_path) as program:
        program.answers(f"http://127.0.0.1:{port}/readyz")
        code = program.terminate()

    assert code == 0
    assert {path.name for path in (tmp_path / "var").iterdir()} >= {"wxadmin.sqlite3", "secret_keys", "metrics_token"}
    assert (tmp_path / "var" / "secret_keys").stat().st_mode & 0o777 == 0o600
    assert urlsplit(program.output.split('"url": "')[1].split('"')[0]).port == port
