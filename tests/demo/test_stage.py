"""What the demo finds and makes when it starts: on a new machine, a minute later, and the next day."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.sample.trial import rows
from wxadmin import kept_secrets
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.demo import stage
from wxadmin.demo.addresses import on_this_machine
from wxadmin.sample import fill, told_until
from wxadmin.security.keys import KeyRing
from wxadmin.settings import Settings

_WHERE = on_this_machine(None, 8000)
_USERS = 100


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return stage.demo_settings(_WHERE)


def _newest(chosen: Settings) -> tuple[int, int]:
    """The newest attempt of the sample, and how many people there are."""
    ((newest, people),) = rows(chosen.database, 'SELECT max(attempt.id), (SELECT count(*) FROM "user") FROM attempt')
    return newest, people


def test_settings_of_a_real_installation_do_not_reach_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    real = {
        "DATABASE_URL": "postgresql://db.example.com/wxadmin",
        "PUBLIC_URL": "https://m.example.com/wx",
        "OUTSIDE_WECHAT": "page",
    }
    for name, value in real.items():
        monkeypatch.setenv(f"WXADMIN_{name}", value)

    chosen = stage.demo_settings(_WHERE)

    assert chosen.database == "sqlite:///var/demo/wxadmin.sqlite3"
    assert chosen.public_url == "http://127.0.0.1:8000"
    assert chosen.wechat_open_url == chosen.wechat_api_url == "http://127.0.0.1:8001"
    assert not chosen.asks_outside_wechat


@pytest.mark.parametrize("asked", ["info", "debug"])
def test_a_terminal_keeps_the_sign_ins_in_sight_unless_a_log_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WXADMIN_LOG_LEVEL", raising=False)
    quiet = stage.demo_settings(_WHERE).log_level

    monkeypatch.setenv("WXADMIN_LOG_LEVEL", asked)

    assert quiet == "warning"
    assert stage.demo_settings(_WHERE).log_level == asked


def test_what_the_sample_tells_leads_up_to_the_start(chosen: Settings) -> None:
    stage.prepare(chosen, _WHERE, users=_USERS)

    database = Database(chosen.database)
    until = database.read_now(told_until)
    database.close()
    assert until is not None
    assert utcnow() - until < timedelta(minutes=30)


def test_the_developer_has_something_to_look_at(chosen: Settings) -> None:
    stage.prepare(chosen, _WHERE, users=_USERS)

    seen = rows(chosen.database, "SELECT site.name FROM staff_site JOIN site ON site.id = site_id ORDER BY 1")
    visits = rows(chosen.database, "SELECT count(*) FROM attempt JOIN staff_site USING (site_id)")[0][0]

    assert [row.name for row in seen] == ["sample-shop", "shop"]
    assert visits > 0


def test_a_second_start_soon_after_leaves_the_sample_alone(chosen: Settings) -> None:
    stage.prepare(chosen, _WHERE, users=_USERS)
    before = _newest(chosen)

    stage.prepare(chosen, _WHERE, users=_USERS)

    assert _newest(chosen) == before


def test_a_start_on_the_next_day_tells_it_anew_up_to_now(chosen: Settings) -> None:
    stage.prepare(chosen, _WHERE, users=0)
    keys = KeyRing(kept_secrets.secret_keys(chosen))
    fill(chosen.database, keys, users=150, events=4500, until=utcnow() - timedelta(days=1), for_demo=True)
    before, _ = _newest(chosen)

    stage.prepare(chosen, _WHERE, users=_USERS)

    newest, people = _newest(chosen)
    assert newest > before
    assert people == _USERS


def test_without_people_nothing_is_told(chosen: Settings) -> None:
    stage.prepare(chosen, _WHERE, users=0)

    assert _newest(chosen) == (None, 0)
