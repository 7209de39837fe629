"""Settings come from the environment and `.env`; each fault is one line, and no line tells a secret."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from wxadmin import settings
from wxadmin.errors import SettingsRefused
from wxadmin.settings import WECHAT_API_URL, WECHAT_OPEN_URL, Settings

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No WXADMIN_ variable of the machine and no `.env` reaches these tests."""
    for name in [name for name in settings.os.environ if name.upper().startswith("WXADMIN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_any_variable_the_defaults_are_those_of_the_contract() -> None:
    loaded = settings.load()

    assert loaded.database == "sqlite:///var/wxadmin.sqlite3"
    assert loaded.public_url_for(8000) == "http://127.0.0.1:8000"
    assert loaded.wechat_open_url == WECHAT_OPEN_URL == "https://open.weixin.qq.com"
    assert loaded.wechat_api_url == WECHAT_API_URL == "https://api.weixin.qq.com"
    assert (loaded.wechat_timeout, loaded.timezone) == (5, "Asia/Shanghai")
    assert (loaded.refresh_interval, loaded.refresh_ahead, loaded.refresh_concurrency) == (30, 900, 64)
    assert (loaded.keep_events_days, loaded.keep_audit_days) == (200, 1_095)
    assert (loaded.secret_keys, loaded.trusted_proxies, loaded.admin_networks) == ([], [], [])
    assert (loaded.log_level, loaded.log_format, loaded.metrics_token) == ("info", None, None)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("DATABASE_URL", "postgresql://wx@db/wxadmin", "postgresql://wx@db/wxadmin"),
        ("PUBLIC_URL", "https://m.example.com/wx/", "https://m.example.com/wx"),
        ("SECRET_KEYS", f"{KEY}, {KEY[::-1]}", [KEY, KEY[::-1]]),
        ("DATA_DIR", "/srv/wxadmin", Path("/srv/wxadmin")),
        ("WECHAT_OPEN_URL", "http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("WECHAT_API_URL", "https://api2.weixin.qq.com", "https://api2.weixin.qq.com"),
        ("WECHAT_TIMEOUT", "2.5", 2.5),
        ("OUTSIDE_WECHAT", "pass", "pass"),
        ("REFRESH_INTERVAL", "5", 5),
        ("REFRESH_AHEAD", "60", 60),
        ("REFRESH_CONCURRENCY", "8", 8),
        ("TIMEZONE", "Europe/Berlin", "Europe/Berlin"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8", [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]),
        ("ADMIN_NETWORKS", "192.0.2.7", [ip_network("192.0.2.7/32")]),
        ("METRICS_TOKEN", "told", "told"),
        ("KEEP_EVENTS_DAYS", "365", 365),
        ("KEEP_AUDIT_DAYS", "183", 183),
        ("KEEP_FILES_DAYS", "30", 30),
        ("LOG_LEVEL", "debug", "debug"),
        ("LOG_FORMAT", "json", "json"),
    ],
)
def test_each_setting_is_read_from_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: Any
) -> None:
    monkeypatch.setenv(f"WXADMIN_{name}", text)

    loaded = settings.load()

    assert getattr(loaded, name.lower()) == value


def test_the_table_above_names_every_setting() -> None:
    [parametrized] = test_each_setting_is_read_from_its_variable.pytestmark

    named = {name.lower() for name, _, _ in parametrized.args[1]}

    assert named == set(Settings.model_fields)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DATABASE_URL", "mysql://root@127.0.0.1/wxadmin"),
        ("DATABASE_URL", "wxadmin.sqlite3"),
        ("DATABASE_URL", "postgresql://wx:hunter2hunter2@db:port/wxadmin"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("PUBLIC_URL", "m.example.com"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://m.example.com/?a=b"),
        ("PUBLIC_URL", "https://m.example.com:99999"),
        ("PUBLIC_URL", "https://[::1"),
        ("SECRET_KEYS", "hunter2hunter2"),
        ("SECRET_KEYS", f"{KEY},hunter2hunter2"),
        ("WECHAT_API_URL", "ftp://api.weixin.qq.com"),
        ("WECHAT_TIMEOUT", "0"),
        ("WECHAT_TIMEOUT", "nan"),
        ("WECHAT_TIMEOUT", "five"),
        ("OUTSIDE_WECHAT", "ask"),
        ("REFRESH_INTERVAL", "-1"),
        ("REFRESH_AHEAD", "inf"),
        ("REFRESH_CONCURRENCY", "1.5"),
        ("TIMEZONE", "Peking"),
        ("TIMEZONE", "../../etc/passwd"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "proxy"),
        ("ADMIN_NETWORKS", "10.0.0.0/8;192.0.2.0/24"),
        ("KEEP_EVENTS_DAYS", "182"),
        ("KEEP_AUDIT_DAYS", "0"),
        ("KEEP_AUDIT_DAYS", "36501"),
        ("KEEP_EVENTS_DAYS", "half a year"),
        ("LOG_LEVEL", "INFO"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_bad_value_is_refused_in_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(f"WXADMIN_{name}", text)

    with pytest.raises(SettingsRefused) as refused:
        settings.load()

    [line] = str(refused.value).splitlines()
    assert line.startswith(f"WXADMIN_{name}: ")
    assert "hunter2" not in line


def test_every_fault_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXADMIN_TIMEZONE", "Peking")
    monkeypatch.setenv("WXADMIN_LOG_LEVEL", "loud")
    monkeypatch.setenv("WXADMIN_DATABSE_URL", "sqlite:///x")

    with pytest.raises(SettingsRefused) as refused:
        settings.load()

    names = [line.split()[0].rstrip(":") for line in str(refused.value).splitlines()]
    assert sorted(names) == ["WXADMIN_DATABSE_URL", "WXADMIN_LOG_LEVEL", "WXADMIN_TIMEZONE"]


def test_an_unknown_name_in_the_file_is_refused_too_and_its_value_is_not_told() -> None:
    Path(".env").write_text("WXADMIN_SECRETKEYS=hunter2hunter2\n")

    with pytest.raises(SettingsRefused, match="WXADMIN_SECRETKEYS is no setting") as refused:
        settings.load()

    assert "hunter2" not in str(refused.value)


def test_names_of_commands_of_tests_and_of_other_programs_are_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WXADMIN_APPSECRET", "0123456789abcdef")
    monkeypatch.setenv("WXADMIN_TEST_POSTGRES", "postgresql://127.0.0.1/postgres")
    Path(".env").write_text("OTHER_PROGRAM=1\n")

    loaded = settings.load()

    assert settings.environment_appsecret() == "0123456789abcdef"
    assert loaded == Settings()


def test_the_environment_wins_over_the_file_and_an_override_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text('WXADMIN_TIMEZONE="Europe/Berlin"\nWXADMIN_LOG_LEVEL=debug\nWXADMIN_LOG_FORMAT=json\n')
    monkeypatch.setenv("WXADMIN_LOG_LEVEL", "warning")
    monkeypatch.setenv("WXADMIN_LOG_FORMAT", "console")

    loaded = settings.load(log_format="json")

    assert (loaded.timezone, loaded.log_level, loaded.log_format) == ("Europe/Berlin", "warning", "json")


@pytest.mark.parametrize(
    ("open_url", "outside_wechat", "asks"),
    [
        (WECHAT_OPEN_URL, None, True),
        ("http://127.0.0.1:9000", None, False),
        (WECHAT_OPEN_URL, "pass", False),
        ("http://127.0.0.1:9000", "page", True),
    ],
)
def test_other_browsers_get_a_page_while_the_authorize_page_is_wechats_own(
    open_url: str, outside_wechat: Any, asks: bool
) -> None:
    loaded = Settings(wechat_open_url=open_url, outside_wechat=outside_wechat)

    answer = loaded.asks_outside_wechat

    assert answer is asks


def test_settings_cannot_be_changed_after_the_start() -> None:
    loaded = settings.load()

    with pytest.raises(ValueError, match="frozen"):
        loaded.timezone = "UTC"
