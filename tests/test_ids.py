"""Ids rise, never repeat, and fit where the databases and the program put them."""

import threading
import time
from datetime import UTC, datetime

import pytest

from wxadmin.ids import Ids, draw_rare


def test_each_id_is_greater_than_the_one_before() -> None:
    ids = Ids(node=1)

    drawn = [ids.draw() for _ in range(10_000)]

    assert drawn == sorted(set(drawn))


def test_eight_threads_never_draw_the_same_id() -> None:
    ids, drawn = Ids(node=1), list[list[int]]()
    together = threading.Barrier(8)

    def draw() -> None:
        together.wait()
        drawn.append([ids.draw() for _ in range(5_000)])

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(own == sorted(own) for own in drawn)
    assert len({each for own in drawn for each in own}) == 40_000


def test_two_nodes_never_draw_the_same_id_in_the_same_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_000_000_000)

    first, second = ({ids.draw() for _ in range(3_000)} for ids in (Ids(node=1), Ids(node=2)))

    assert first.isdisjoint(second)


def test_a_clock_that_is_set_back_repeats_and_lowers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, now_ns = Ids(node=1), 1_800_000_000_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)
    before = [ids.draw() for _ in range(5_000)]

    now_ns -= 3_600 * 1_000_000_000
    after = [ids.draw() for _ in range(5_000)]

    assert before + after == sorted(set(before + after))


def test_a_clock_before_the_first_year_still_gives_rising_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    ids = Ids(node=1)

    drawn = [ids.draw() for _ in range(3)]

    assert drawn == sorted(set(drawn))
    assert drawn[0] > 0


def test_ids_of_the_last_year_and_the_greatest_node_fit_a_signed_64_bit_column(monkeypatch: pytest.MonkeyPatch) -> None:
    late_ns = int(datetime(2095, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: late_ns)

    drawn = Ids(node=4_095).draw()

    assert 0 < drawn < 2**63


def test_rare_ids_drawn_in_one_millisecond_rise_too(monkeypatch: pytest.MonkeyPatch) -> None:
    later_ns = time.time_ns() + 1_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: later_ns)

    drawn = [draw_rare() for _ in range(500)]

    assert drawn == sorted(set(drawn))
