"""Counts of many rows are remembered for a while; those of few are always fresh."""

import asyncio
from itertools import count

import pytest

from wxadmin.handlers.admin import remembered
from wxadmin.handlers.admin.remembered import Remembered

FEW, MANY = 20_000, 20_001


class Question:
    """Each answer is one more than the last; answering takes some seconds."""

    def __init__(self, takes: float = 0) -> None:
        self._numbers = count(1)
        self._takes = takes

    async def __call__(self) -> int:
        await asyncio.sleep(self._takes)
        return next(self._numbers)


def counting(rows: int) -> Remembered[int]:
    return Remembered(lambda _: rows)


async def test_a_count_of_few_is_made_anew_each_time_however_long_it_takes() -> None:
    answers, question = counting(FEW), Question(takes=0.05)

    numbers = [await answers.answer(question) for _ in range(3)]

    assert numbers == [1, 2, 3]


async def test_a_count_of_many_is_remembered() -> None:
    answers, question = counting(MANY), Question(takes=0.05)

    numbers = [await answers.answer(question) for _ in range(3)]

    assert numbers == [1, 1, 1]


async def test_many_who_ask_at_once_wait_for_one_count() -> None:
    answers, question = counting(FEW), Question(takes=0.05)

    numbers = await asyncio.gather(*(answers.answer(question) for _ in range(5)))

    assert numbers == [1] * 5


async def test_an_old_answer_is_given_once_more_while_the_next_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, question = counting(MANY), Question(takes=0.05)
    await answers.answer(question)
    monkeypatch.setattr(remembered, "_WORTH", 0)

    stale = await answers.answer(question)
    await asyncio.sleep(0.2)
    fresh = await answers.answer(question)
    await asyncio.sleep(0.2)

    assert (stale, fresh) == (1, 2)


async def test_a_count_of_many_is_made_ahead_of_whoever_asks_first() -> None:
    answers, question = counting(MANY), Question(takes=0.05)

    await answers.ask_ahead(question)
    await answers.ask_ahead(question)
    number = await answers.answer(Question(takes=60))

    assert number == 1


async def test_a_count_of_many_is_made_ahead_again_when_it_has_become_old(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, question = counting(MANY), Question(takes=0.05)
    monkeypatch.setattr(remembered, "_WORTH", 0)

    await answers.ask_ahead(question)
    await answers.ask_ahead(question)
    number = await answers.answer(question)
    await asyncio.sleep(0.2)

    assert number == 2


async def test_a_count_of_few_is_made_ahead_but_once() -> None:
    answers, question = counting(FEW), Question()

    for _ in range(3):
        await answers.ask_ahead(question)
    number = await answers.answer(question)

    assert number == 2


async def test_a_count_that_fails_fails_whoever_waits_and_is_tried_again() -> None:
    answers = counting(FEW)

    async def broken() -> int:
        raise OSError("no database")

    with pytest.raises(OSError, match="no database"):
        await answers.answer(broken)
    number = await answers.answer(Question())

    assert number == 1
