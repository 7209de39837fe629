"""`wxadmin doctor`: what is wrong in words, what to do, and an exit code that scripts can go by."""

from pathlib import Path

import pytest

from tests import running
from tests.commands.conftest import Command
from tests.databases import on_sqlite
from tests.doctor import proxy as proxies
from tests.running import SiteKeys
from wxadmin.database import Database
from wxadmin.demo.people import FILE_NAME
from wxadmin.settings import load
from wxadmin.simulator import World
from wxadmin.simulator.faults import Fault


@pytest.fixture
def with_address(monkeypatch: pytest.MonkeyPatch, wxadmin: Command) -> None:
    monkeypatch.setenv("WXADMIN_PUBLIC_URL", "http://127.0.0.1:1")


def test_what_needs_attention_alone_is_no_failure(wxadmin: Command, site_keys: SiteKeys) -> None:
    wxadmin("staff", "add", "ada", "--role", "admin", said="correct horse battery staple")

    said = wxadmin("doctor", "--inside")

    assert said.code == 0, said.out
    assert "needs attention: clinic names nobody whom visitors can turn to" in said.out
    assert "\n  wxadmin site set clinic --contact TEXT\n" in said.out
    assert said.out.splitlines()[-1].startswith("0 must be fixed, ")


def test_what_must_be_fixed_is_a_failure(wxadmin: Command, site_keys: SiteKeys) -> None:
    for site in ("shop", "clinic"):
        wxadmin("site", "disable", site)

    said = wxadmin("doctor", "--inside")

    assert said.code == 1
    assert "must be fixed: There is no site that is switched on" in said.out


@on_sqlite
def test_wechat_and_the_public_address_are_asked(
    wxadmin: Command, with_address: None, site_keys: SiteKeys, world: World
) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=40164, times=1))

    said = wxadmin("doctor")

    assert said.code == 1
    assert "http://127.0.0.1:1 cannot be reached from here" in said.out
    assert "WeChat refuses calls of tea from this host's address" in said.out
    assert "IP白名单 (as of 2026-" in said.out


@on_sqlite
def test_keeping_less_than_the_law_wants_is_refused_before_anything_is_looked_at(
    wxadmin: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WXADMIN_KEEP_EVENTS_DAYS", "182")

    said = wxadmin("doctor", "--inside")

    assert said.code == 1
    assert said.err.startswith("wxadmin: WXADMIN_KEEP_EVENTS_DAYS: must be 183 days or more")


def test_a_database_of_another_version_is_told_with_the_command_that_mends_it(
    wxadmin: Command, site_keys: SiteKeys, database: Database
) -> None:
    older = "UPDATE alembic_version SET version_num = '20261120_core'"
    database.write_now(lambda session: session.connection().exec_driver_sql(older))

    said = wxadmin("doctor", "--inside")

    assert said.code == 1
    assert "wxadmin migrate" in said.err


@on_sqlite
def test_what_to_paste_is_said_on_a_line_of_its_own(
    wxadmin: Command, with_address: None, site_keys: SiteKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxies.standing() as proxy:
        proxy.adds = {"X-Forwarded-Proto": "http"}
        monkeypatch.setenv("WXADMIN_PUBLIC_URL", proxy.url)
        # Another process than the doctor's, with the same keys.
        settings = load()
        with running.serve(settings, (port := running.unused_port()), folder=Path()):
            proxy.gateway = f"http://127.0.0.1:{port}"
            said = wxadmin("doctor")

    assert "is not in WXADMIN_TRUSTED_PROXIES" in said.out
    assert "\n  WXADMIN_TRUSTED_PROXIES=127.0.0.1\n" in said.out
    assert "\n  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n" in said.out


@on_sqlite
def test_no_secret_is_said(wxadmin: Command, site_keys: SiteKeys) -> None:
    said = wxadmin("doctor", "--inside")

    assert not [key for key in (site_keys.shop, site_keys.clinic) if key in said.out + said.err]


@on_sqlite
def test_of_the_demos_data_nobody_outside_is_asked(
    wxadmin: Command, site_keys: SiteKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WXADMIN_WECHAT_OPEN_URL", raising=False)
    monkeypatch.delenv("WXADMIN_WECHAT_API_URL", raising=False)
    (load().data_dir / FILE_NAME).write_text("made up")

    said = wxadmin("doctor")

    assert "WeChat cannot be reached" not in said.out
    assert "WeChat and your public address were not asked" in said.out
