"""The client over the table of what WeChat answers."""

import pytest

from tests.wechat.conftest import http
from tests.wechat_answers import ANSWERS, Answer, Fields, Refusal, Unusable
from wxadmin.wechat.client import WeChat
from wxadmin.wechat.errors import CallFailed, NoAnswer, Refused

# Where WeChat's refusal is the very answer to the question.
DEAD = {("auth", 40003), ("auth", 40014)}


def _expecting(kind: type) -> list[Answer]:
    return [each for each in ANSWERS if isinstance(each.expect, kind) and not _says_dead(each)]


def _says_dead(answer: Answer) -> bool:
    return isinstance(answer.expect, Refusal) and (answer.endpoint, answer.expect.errcode) in DEAD


def _table(answers: list[Answer]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("answer", answers, ids=lambda answer: f"{answer.endpoint}-{answer.name}")


@pytest.fixture
async def ask(serve, client):
    """Make the call that the answer belongs to, against a server that gives this answer."""

    async def ask(answer: Answer) -> object:
        served = await serve(http(answer.body, status=f"{answer.status} Status"))
        wechat: WeChat = client(served.url)
        match answer.endpoint:
            case "exchange":
                return await wechat.exchange("wx0123456789abcdef", "secret", "code")
            case "refresh":
                return await wechat.refresh("wx0123456789abcdef", "83_r")
            case "userinfo":
                return await wechat.userinfo("83_a", "oA")
            case "auth":
                return await wechat.check("83_a", "oA")
        raise AssertionError(answer.endpoint)

    return ask


@_table(_expecting(Fields))
async def test_a_success_is_read_as_the_table_says(ask, answer):
    got = await ask(answer)

    assert got
    assert {name: getattr(got, name) for name in answer.expect.values} == answer.expect.values


@_table(_expecting(Refusal))
async def test_a_refusal_is_read_as_the_table_says(ask, answer):
    with pytest.raises(Refused) as refused:
        await ask(answer)

    expect = answer.expect
    assert (refused.value.code, refused.value.errmsg) == (str(expect.errcode), expect.errmsg)
    assert (refused.value.rid, refused.value.hints) == (expect.rid, expect.hints)
    assert refused.value.http_status == answer.status


@_table(_expecting(Unusable))
async def test_an_answer_of_no_use_gets_the_reason_of_the_table(ask, answer):
    with pytest.raises(CallFailed) as failed:
        await ask(answer)

    assert isinstance(failed.value, NoAnswer)
    assert failed.value.code == answer.expect.reason


@_table([each for each in ANSWERS if _says_dead(each)])
async def test_a_dead_token_is_an_answer_to_the_check(ask, answer):
    alive = await ask(answer)

    assert alive is False
