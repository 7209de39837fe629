"""What a process remembers of its database, and for how long."""

from wxadmin.database.memory import Memory


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_was_never_kept_is_not_found() -> None:
    assert Memory().find("sum") is None


def test_an_answer_is_remembered_until_it_is_old() -> None:
    clock = Clock()
    memory = Memory(60, clock=clock)
    memory.keep("sum", 7)

    clock.now += 59
    young = memory.find("sum")
    clock.now += 2

    assert (young, memory.find("sum")) == (7, None)


def test_an_answer_that_is_kept_again_is_young_again() -> None:
    clock = Clock()
    memory = Memory(60, clock=clock)
    memory.keep("sum", 7)
    clock.now += 59

    memory.keep("sum", 8)
    clock.now += 59

    assert memory.find("sum") == 8


def test_of_too_many_answers_the_oldest_go() -> None:
    memory = Memory(most=2)

    for number in range(3):
        memory.keep(number, f"answer {number}")

    assert [memory.find(number) for number in range(3)] == [None, "answer 1", "answer 2"]
