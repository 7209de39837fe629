"""The last gate before a line is written: whatever looks like a secret is cut out of it."""

import json
import logging
from collections.abc import Iterator

import pytest

from wxadmin import log


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Logging is the whole process's: each test gives it back."""
    root, access = logging.getLogger(), logging.getLogger("tornado.access")
    handlers, level, disabled = root.handlers, root.level, access.disabled
    yield
    root.handlers, access.disabled = handlers, disabled
    root.setLevel(level)


@pytest.mark.parametrize(
    ("line", "scrubbed"),
    [
        ("GET /auth/callback?code=081abc&state=XYZ 500", "GET /auth/callback?code=[…]&state=[…] 500"),
        ("/back?id=7&ticket=ABC#/menu", "/back?id=7&ticket=[…]#/menu"),
        ("appid=wx1&secret=c0ffee&grant_type=x", "appid=wx1&secret=[…]&grant_type=x"),
        ("access_token=83_a-b&openid=oAbc", "access_token=[…]&openid=oAbc"),
        ('{"ticket": "ABC", "ref": "7"}', '{"ticket": "[…]", "ref": "7"}'),
        ("{'refresh_token': '83_x'}", "{'refresh_token': '[…]'}"),
        ("Authorization: Bearer wxs_ABC123", "Authorization: Bearer […]"),
        ("Cookie: wx_1=2; wx_3=4\r\nHost: x", "Cookie: […]\r\nHost: x"),
        ("Set-Cookie: wx_1=2; Path=/", "Set-Cookie: […]"),
        ("postgresql://root:hunter2@db/wx is gone", "postgresql://[…]@db/wx is gone"),
        ("CODE=abc STATE=def", "CODE=[…] STATE=[…]"),
        (
            "null value\nDETAIL:  Failing row contains (7, oAbc,\n\n 王).\n[SQL: INSERT",
            "null value\nDETAIL: […]\n[SQL: INSERT",
        ),
        ('bad text\nCONTEXT:  JSON data, line 1: {"nickname": "王\\u0000', "bad text\nCONTEXT: […]"),
    ],
)
def test_secrets_are_cut_out(line: str, scrubbed: str) -> None:
    assert log.scrubbed(line) == scrubbed


@pytest.mark.parametrize(
    "line",
    ["errcode=40029 errmsg=invalid code", "serving http://127.0.0.1:8000/wx", "statement=7 barcode=8", "微信没有应答"],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert log.scrubbed(line) == line


def test_structured_lines_and_those_of_libraries_pass_the_same_gate(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("debug", "json")

    log.logger.info("asked", url="/back?ticket=T1", status=302, nothing=None)
    logging.getLogger("some.library").warning("fetching %s", "https://x/sns?secret=S1&code=C1")
    own, foreign = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    assert (own["event"], own["url"], own["status"], own["nothing"]) == ("asked", "/back?ticket=[…]", 302, None)
    assert foreign["event"] == "fetching https://x/sns?secret=[…]&code=[…]"
    assert foreign["logger"] == "some.library"


def test_a_traceback_passes_the_gate_and_shows_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("info", "json")
    hidden = "the-secret-of-this-frame"

    try:
        raise ValueError(f"https://x/?secret={hidden}")
    except ValueError:
        log.logger.exception("job_failed")
    line = json.loads(capsys.readouterr().err)

    assert "Traceback" in line["exception"]
    assert "ValueError: https://x/?secret=[…]" in line["exception"]
    assert hidden not in line["exception"]


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_libraries_that_tell_addresses_are_quiet(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    log.set_up("debug", log_format)  # type: ignore[arg-type]

    for name in ("httpx", "httpcore", "aiohttp", "asyncio", "sqlalchemy.engine"):
        logging.getLogger(name).info("GET https://api.weixin.qq.com/sns?x")
    logging.getLogger("tornado.access").warning("404 GET /auth?x")

    assert capsys.readouterr().err == ""


def test_the_console_shows_no_variables_either(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("info", "console")
    hidden = "the-secret-of-this-frame"

    try:
        raise ValueError(len(hidden))
    except ValueError:
        log.logger.exception("job_failed")
    shown = capsys.readouterr().err

    assert "ValueError: 24" in shown
    assert hidden not in shown
