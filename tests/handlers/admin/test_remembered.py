"""Counts that take long are remembered for a while; quick ones are always fresh."""

import asyncio
from itertools import count

import pytest

from wxadmin.handlers.admin import remembered
from wxadmin.handlers.admin.remembered import Remembered


class Question:
    """Each answer is one more than the last; answering takes some seconds."""

    def __init__(self, takes: float) -> None:
        self._numbers = count(1)
        self._takes = takes

    async def __call__(self) -> int:
        await asyncio.sleep(self._takes)
        return next(self._numbers)


async def test_a_quick_count_is_made_anew_each_time() -> None:
    answers, question = Remembered[int](), Question(takes=0)

    numbers = [await answers.answer(question) for _ in range(3)]

    assert numbers == [1, 2, 3]


async def test_a_slow_count_is_remembered() -> None:
    answers, question = Remembered[int](), Question(takes=0.05)

    numbers = [await answers.answer(question) for _ in range(3)]

    assert numbers == [1, 1, 1]


async def test_many_who_ask_at_once_wait_for_one_count() -> None:
    answers, question = Remembered[int](), Question(takes=0.05)

    numbers = await asyncio.gather(*(answers.answer(question) for _ in range(5)))

    assert numbers == [1] * 5


async def test_an_old_answer_is_given_once_more_while_the_next_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, question = Remembered[int](), Question(takes=0.05)
    await answers.answer(question)
    monkeypatch.setattr(remembered, "_WORTH", 0)

    stale = await answers.answer(question)
    await asyncio.sleep(0.2)
    fresh = await answers.answer(question)
    await asyncio.sleep(0.2)

    assert (stale, fresh) == (1, 2)


async def test_a_count_that_fails_fails_whoever_waits_and_is_tried_again() -> None:
    answers = Remembered[int]()

    async def broken() -> int:
        raise OSError("no database")

    with pytest.raises(OSError, match="no database"):
        await answers.answer(broken)
    number = await answers.answer(Question(takes=0))

    assert number == 1
