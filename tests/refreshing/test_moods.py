"""What each answer to a refresh leads to, for the token and for its account."""

from datetime import UTC, datetime, timedelta

import pytest

from wxadmin.models import Hold, TokenState
from wxadmin.refreshing import moods
from wxadmin.refreshing.moods import Fate
from wxadmin.wechat.errcodes import all_entries, find

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
PERMANENT = ["40030", "42002", "42007", "50001", "40029"]
CONFIG = ["40013", "40164", "41003", "43003", "50002", "48004"]
TRANSIENT = ["-1", "45011", "gw_timeout", "gw_connect", "gw_bad_reply", "gw_http_status"]
EVERY_CODE = sorted({entry.code for entry in all_entries() if entry.stage in {"any", "refresh"}})


def fate(code: str, failures: int = 0, unknown_since: datetime | None = None, chance: float = 0.5) -> Fate:
    return moods.fate(code, at=NOW, failures=failures, unknown_since=unknown_since, chance=chance)


@pytest.mark.parametrize("code", PERMANENT)
def test_a_token_that_wechat_calls_dead_is_dead_at_once(code: str) -> None:
    assert fate(code).state is TokenState.NEEDS_CONSENT


@pytest.mark.parametrize("code", [*CONFIG, *TRANSIENT, "45009", "gw_key_missing"])
def test_a_token_that_is_not_to_blame_never_dies_of_it(code: str) -> None:
    after_a_month = fate(code, failures=700, unknown_since=NOW - timedelta(days=30))

    assert after_a_month.state is TokenState.ACTIVE
    assert NOW < after_a_month.try_again_at <= NOW + HOUR


@pytest.mark.parametrize(
    ("failures", "longest"),
    [(0, 30 * SECOND), (1, MINUTE), (2, 2 * MINUTE), (6, 32 * MINUTE), (7, HOUR), (10_000, HOUR)],
)
def test_pauses_double_up_to_an_hour(failures: int, longest: timedelta) -> None:
    assert fate("-1", failures, chance=1.0).try_again_at == NOW + longest


def test_a_pause_may_be_anything_up_to_its_longest() -> None:
    moments = [fate("-1", 3, chance=chance).try_again_at for chance in (0.0, 0.25, 1.0)]

    assert moments == [NOW, NOW + MINUTE, NOW + 4 * MINUTE]


def test_what_nobody_understands_is_remembered_from_its_first_time() -> None:
    first = fate("99999")
    later = fate("99998", failures=3, unknown_since=NOW - HOUR)

    assert (first.state, first.unknown_since) == (TokenState.ACTIVE, NOW)
    assert (later.state, later.unknown_since) == (TokenState.ACTIVE, NOW - HOUR)


@pytest.mark.parametrize(
    ("since", "state"),
    [(24 * HOUR - SECOND, TokenState.ACTIVE), (24 * HOUR, TokenState.NEEDS_CONSENT), (90 * HOUR, "needs_consent")],
)
def test_a_token_dies_of_what_nobody_understands_only_after_a_day(since: timedelta, state: str) -> None:
    assert fate("99999", failures=30, unknown_since=NOW - since).state == state


def test_an_outage_neither_begins_nor_ends_the_day_of_what_nobody_understands() -> None:
    assert fate("gw_timeout").unknown_since is None
    assert fate("gw_timeout", unknown_since=NOW - HOUR).unknown_since == NOW - HOUR


@pytest.mark.parametrize("code", ["40001", "40002", "48001", "45035"])
def test_no_token_dies_of_what_concerns_the_account(code: str) -> None:
    assert find(code, "refresh").class_ == "config"
    assert fate(code, failures=700, unknown_since=NOW - timedelta(days=30)).state is TokenState.ACTIVE


@pytest.mark.parametrize(
    ("codes", "hold"),
    [
        (CONFIG, Hold.CONFIG),
        (["45009"], Hold.QUOTA),
        ([*PERMANENT, *TRANSIENT, "99999", "48001", "gw_key_missing"], None),
    ],
)
def test_an_account_is_held_where_all_its_tokens_would_fail_alike(codes: list[str], hold: Hold | None) -> None:
    assert {moods.hold_for(code) for code in codes} == {hold}


def test_only_an_answer_about_the_token_says_that_the_account_is_mended() -> None:
    mended = {code for code in ["", *EVERY_CODE, "99999"] if moods.is_mended(code)}

    assert mended == {"", *PERMANENT}


def test_only_what_wechat_or_the_way_to_it_is_to_blame_for_counts_against_it() -> None:
    counted = [
        code for code in [*PERMANENT, *CONFIG, *TRANSIENT, "45009", "99999"] if moods.counts_against_wechat(code)
    ]

    assert counted == [*TRANSIENT, "99999"]


@pytest.mark.parametrize(
    ("calls", "failures", "is_open"),
    [(0, 0, False), (19, 19, False), (20, 9, False), (20, 10, True), (1_000, 499, False), (1_000, 500, True)],
)
def test_the_breaker_opens_when_half_of_many_calls_fail(calls: int, failures: int, *, is_open: bool) -> None:
    assert moods.is_tripped(calls, failures) is is_open


@pytest.mark.parametrize(
    ("hold", "code", "after"),
    [
        (Hold.CONFIG, "40164", 3 * MINUTE),
        (Hold.BREAKER, "-1", 30 * SECOND),
        (Hold.BREAKER, None, 30 * SECOND),
        (Hold.QUOTA, None, 3 * MINUTE),
        # It is half past four in the afternoon in Beijing.
        (Hold.QUOTA, "45009", timedelta(hours=7, minutes=30)),
    ],
)
def test_a_probe_is_made_every_few_minutes_or_when_the_day_is_over_in_beijing(
    hold: Hold, code: str | None, after: timedelta
) -> None:
    assert moods.next_probe_at(hold, code, NOW) == NOW + after


def test_just_before_midnight_in_beijing_the_next_day_is_near() -> None:
    late = datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)

    assert moods.next_probe_at(Hold.QUOTA, "45009", late) == late + SECOND


@pytest.mark.parametrize("code", [*EVERY_CODE, "99999", "-70000"])
def test_every_code_has_a_fate(code: str) -> None:
    found = fate(code, failures=5)

    assert found.state in list(TokenState)
    assert NOW <= found.try_again_at <= NOW + HOUR
