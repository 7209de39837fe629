"""Whatever WeChat answers to a login: a page with a true status, an event with WeChat's own words, and no lost row."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tests.databases import on_sqlite
from tests.visiting import Visitor, ticket_of
from wxadmin.models import Attempt, Event, Ticket, User
from wxadmin.simulator import World, sns
from wxadmin.simulator.errmsg import ERRMSG
from wxadmin.simulator.faults import Fault

pytestmark = pytest.mark.impatient

Stored = Callable[[type], Sequence]

ERRCODES = [
    (-1, 502),
    (40001, 502),
    (40013, 502),
    (40029, 400),
    (40125, 502),
    (40163, 400),
    (40164, 502),
    (40226, 502),
    (40243, 502),
    (41008, 400),
    (42003, 400),
    (45009, 502),
    (45011, 502),
    (48004, 502),
    (50002, 502),
    (61024, 502),
    (99999, 502),
]
FAULTS = [
    (Fault("exchange", "slow", seconds=3), "gw_timeout", 504),
    (Fault("exchange", "status", status=502), "gw_http_status", 502),
    (Fault("exchange", "html"), "gw_bad_reply", 502),
    (Fault("exchange", "cut"), "gw_bad_reply", 502),
    (Fault("exchange", "drop"), "gw_connect", 502),
]
LOST_ANSWERS = [
    Fault("exchange", "slow", seconds=3, after=True, times=1),
    Fault("exchange", "status", status=503, after=True, times=1),
    Fault("exchange", "html", after=True, times=1),
    Fault("exchange", "cut", after=True, times=1),
    Fault("exchange", "drop", after=True, times=1),
    Fault("exchange", "errcode", errcode=-1, after=True, times=1),
]


def failures(stored: Stored) -> list[Event]:
    return sorted((event for event in stored(Event) if event.event_class == "failure"), key=lambda event: event.id)


@pytest.mark.parametrize(("errcode", "status"), ERRCODES)
@on_sqlite
async def test_an_errcode_ends_the_attempt_with_wechats_words(
    visitor: Visitor, stored: Stored, world: World, errcode: int, status: int
) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=errcode))

    response = await visitor.get(await visitor.agree(await visitor.start()))
    [attempt] = stored(Attempt)
    last = failures(stored)[-1]

    assert response.status_code == status
    assert f"{attempt.support_code[:4]}-{attempt.support_code[4:]}" in response.text
    assert "/auth?url=" in response.text or "customer" in response.text or "客服" in response.text
    assert f"{errcode:05}" not in response.text
    assert (attempt.outcome, attempt.ended_by) == ("failed", str(errcode))
    assert (last.stage, last.code, last.outcome) == ("exchange", str(errcode), "failed")
    assert last.errmsg == ERRMSG.get(errcode, "unknown error")
    assert last.rid is not None
    assert len(last.rid) == 26


@pytest.mark.parametrize(("fault", "code", "status"), FAULTS, ids=[fault.kind for fault, _, _ in FAULTS])
@on_sqlite
async def test_a_call_that_breaks_is_tried_once_more_and_then_told(
    visitor: Visitor, stored: Stored, world: World, *, fault: Fault, code: str, status: int
) -> None:
    world.faults.order(replace(fault, times=2))

    response = await visitor.get(await visitor.agree(await visitor.start()))
    [attempt] = stored(Attempt)

    assert response.status_code == status
    assert (attempt.outcome, attempt.ended_by) == ("failed", code)
    assert [event.stage for event in failures(stored)] == ["exchange", "exchange"]
    assert failures(stored)[-1].code == code
    assert (stored(User), stored(Ticket)) == ([], [])


@pytest.mark.parametrize("fault", LOST_ANSWERS, ids=[fault.kind for fault in LOST_ANSWERS])
@on_sqlite
async def test_a_login_whose_answer_was_lost_begins_anew_by_itself(
    visitor: Visitor, stored: Stored, world: World, fault: Fault
) -> None:
    world.faults.order(fault)

    lost = await visitor.get(await visitor.agree(await visitor.start(nonce="n-1", ref="42", channel="door")))
    ticket = ticket_of(await visitor.get(await visitor.agree(await visitor.get(lost.headers["Location"]))))
    first, second = sorted(stored(Attempt), key=lambda attempt: attempt.id)

    assert ticket
    assert lost.status_code == 302
    assert (first.outcome, first.ended_by, second.outcome) == ("failed", "40163", "succeeded")
    assert (second.nonce, second.ref, second.channel) == ("n-1", "42", "door")
    assert [event.stage for event in failures(stored)] == ["exchange", "exchange"]
    assert [user.logins for user in stored(User)] == [1]


@on_sqlite
async def test_a_login_begins_anew_by_itself_only_once(visitor: Visitor, stored: Stored, world: World) -> None:
    begun = await visitor.start()
    for _ in range(2):
        world.faults.order(Fault("exchange", "drop", after=True, times=1))
        last = await visitor.get(await visitor.agree(begun))
        begun = await visitor.get(last.headers["Location"]) if last.status_code == 302 else begun

    assert last.status_code == 400
    assert "<h1" in last.text
    assert [attempt.ended_by for attempt in stored(Attempt)] == ["40163", "40163"]


@pytest.mark.parametrize("kind", ["slow", "status", "html", "cut", "drop"])
async def test_a_call_that_breaks_once_costs_no_login(
    visitor: Visitor, stored: Stored, world: World, kind: str
) -> None:
    world.faults.order(Fault("exchange", kind, seconds=3, times=1))

    ticket = await visitor.log_in()
    [attempt] = stored(Attempt)

    assert ticket
    assert attempt.outcome == "succeeded"
    assert len(failures(stored)) == 1


async def test_a_busy_wechat_is_asked_a_second_time(visitor: Visitor, stored: Stored, world: World) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=-1, times=1))

    await visitor.log_in()

    assert [event.code for event in failures(stored)] == ["-1"]
    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded"]


@pytest.mark.parametrize("errcode", [40029, 40163, 40125, 45011])
@on_sqlite
async def test_a_plain_refusal_is_not_repeated(visitor: Visitor, stored: Stored, world: World, errcode: int) -> None:
    world.faults.order(Fault("exchange", "errcode", errcode=errcode, times=1))

    await visitor.get(await visitor.agree(await visitor.start()))

    assert world.calls.stats()["calls"]["exchange"] == {str(errcode): 1}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("userinfo", "errcode", errcode=48001),
        Fault("userinfo", "errcode", errcode=40003),
        Fault("userinfo", "slow", seconds=3),
        Fault("userinfo", "status"),
        Fault("userinfo", "html"),
        Fault("userinfo", "cut"),
        Fault("userinfo", "drop"),
    ],
    ids=lambda fault: f"{fault.kind} {fault.errcode}",
)
@on_sqlite
async def test_a_profile_that_cannot_be_had_leaves_the_login_a_success(
    visitor: Visitor, stored: Stored, world: World, fault: Fault
) -> None:
    world.faults.order(Fault(**{name: getattr(fault, name) for name in fault.__slots__}))

    ticket = await visitor.log_in(scope="snsapi_userinfo")
    [user], [event] = stored(User), failures(stored)

    assert ticket
    assert (user.nickname, user.granted_userinfo) == (None, True)
    assert (event.stage, event.user_id) == ("userinfo", user.id)
    assert [attempt.outcome for attempt in stored(Attempt)] == ["succeeded"]


async def test_a_wechat_that_cannot_be_reached_is_named(visitor: Visitor, stored: Stored, world: World) -> None:
    callback = await visitor.agree(await visitor.start())
    world.faults.order(Fault("exchange", "drop"))

    response = await visitor.get(callback, **{"Accept-Language": "en"})

    assert response.status_code == 502
    assert "WeChat did not answer" in response.text


async def test_an_answer_without_a_scope_is_about_the_one_that_was_asked_for(
    visitor: Visitor, stored: Stored, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = sns.exchange
    monkeypatch.setattr(
        sns,
        "exchange",
        lambda *asked: {name: value for name, value in really(*asked).items() if name != "scope"},
    )

    await visitor.log_in(scope="snsapi_userinfo")

    assert [attempt.scope_granted for attempt in stored(Attempt)] == ["snsapi_userinfo"]
    assert [user.nickname for user in stored(User)] == ["小明"]
