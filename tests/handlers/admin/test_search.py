"""/admin/search: whatever is pasted leads to what it names, for each role to what it may see."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import pytest

from tests.factories import AttemptFactory, EventFactory, TicketFactory, UserChannelFactory, UserFactory
from tests.handlers.admin.conftest import SignIn, StaffVisitor
from tests.html_tree import read
from wxadmin import support_codes
from wxadmin.models import Attempt, Site
from wxadmin.security.hashes import sha256

Store = Callable[[Callable[[], Any]], Any]
RID = "62fb9bc8-078c24da-4202f278"
STATE = "ABCDEFGHJKMNPQRSTVWXYZ2345"


def page_of(attempt: Attempt) -> str:
    return f"/admin/attempts/{support_codes.show(attempt.support_code)}"


async def pasted(person: StaffVisitor, text: str) -> Any:
    """What the box leads to: an address, or the page with what was found."""
    answer = await person.post("/admin/search", {"q": text})
    while answer.status_code == 303 and answer.headers["Location"].startswith("/admin/search?"):
        answer = await person.get(answer.headers["Location"])
    return answer.headers["Location"] if answer.status_code == 303 else answer


@pytest.mark.parametrize(
    "disguise", [str.lower, lambda code: f" {code[:3]} {code[3:]} ", lambda code: f"问题编号：{code}，请截图"]
)
async def test_a_support_code_opens_its_attempt_however_it_is_typed(
    staff: SignIn, store: Store, shop: Site, disguise: Callable[[str], str]
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, failed=True))

    found = await pasted(staff("support"), disguise(support_codes.show(attempt.support_code)))

    assert found == page_of(attempt)


async def test_a_right_code_without_an_attempt_leads_to_why_there_is_none(staff: SignIn) -> None:
    code = support_codes.show(support_codes.make())
    support = staff("support")

    found = await pasted(support, code)
    said = await support.get(found)

    assert (found, said.status_code) == (f"/admin/attempts/{code}", 404)
    assert "There is no attempt of this number" in said.text


async def test_a_mistyped_code_is_called_mistyped(staff: SignIn) -> None:
    page = await pasted(staff("support"), "K7M2-Q9XX")

    assert "a sign of it is wrong" in page.text


async def test_a_code_with_a_sign_too_few_says_so(staff: SignIn) -> None:
    page = await pasted(staff("support"), "K7M2-Q9X")

    assert "One sign is missing: a code has eight." in page.text


async def test_a_code_with_one_sign_misread_offers_the_attempt_that_it_may_be(
    staff: SignIn, store: Store, shop: Site, clinic: Site
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, failed=True, support_code=completed("5K7M2Q9")))
    typed = "S" + attempt.support_code[1:]

    seen = await pasted(staff("support"), typed)
    hidden = await pasted(staff("developer", ["clinic"]), typed)

    assert page_of(attempt) in seen.text
    assert "It may have been this one" in seen.text
    assert page_of(attempt) not in hidden.text
    assert "a sign of it is wrong" in hidden.text


def completed(signs: str) -> str:
    return next(code for end in "0123456789ABCDEFGHJKMNPQRSTVWXYZ" if (code := support_codes.read(signs + end)))


async def test_a_number_alone_is_looked_for_as_a_member_reference_and_offered_as_an_errcode(
    staff: SignIn, store: Store, shop: Site
) -> None:
    user = store(lambda: UserFactory(site=shop))
    store(lambda: UserChannelFactory(user=user, last_ref="40029"))

    known = await pasted(staff("support"), "40029")
    unknown = await pasted(staff("support"), "10086")

    assert (f"/admin/users/{user.id}" in known.text, "/admin/failures/40029" in known.text) == (True, True)
    assert "Nobody has the member reference 10086." in unknown.text
    assert "/admin/failures/10086" in unknown.text


async def test_a_channel_leads_to_its_users(staff: SignIn, store: Store, shop: Site) -> None:
    user = store(lambda: UserFactory(site=shop))
    store(lambda: UserChannelFactory(user=user, channel="autumn-tea"))

    found = await pasted(staff("marketer"), "autumn-tea")
    nobodys = await pasted(staff("marketer"), "spring-tea")
    by_developer = await pasted(staff("developer", ["shop"]), "autumn-tea")

    assert found == "/admin/users?channel=autumn-tea"
    assert "/admin/users?channel" not in nobodys.text
    assert "/admin/users?channel" not in by_developer.text


async def test_a_time_fills_in_the_form_for_logins_without_a_code(staff: SignIn) -> None:
    page = await pasted(staff("support"), "2026-11-20 上午10点")

    assert 'name="around" value="2026-11-20T10:00"' in page.text
    assert "Nothing found" not in page.text


async def test_six_signs_of_an_openid_find_the_person(staff: SignIn, store: Store, shop: Site) -> None:
    user = store(lambda: UserFactory(site=shop))

    found = await pasted(staff("admin"), user.openid[:6])
    fewer = await pasted(staff("admin"), user.openid[:5])

    assert found == f"/admin/users/{user.id}"
    assert "its first 6 signs" in fewer.text


async def test_what_visitors_see_is_offered_by_its_title(staff: SignIn) -> None:
    page = await pasted(staff("support"), "登录不了")

    assert "/admin/failures/symptom_only_phone" in page.text
    assert ">symptom_only_phone<" not in page.text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("40029", "40029"),
        ('{"errcode":40163,"errmsg":"code been used"}', "40163"),
        ("gw_timeout", "gw_timeout"),
        ('{"errcode":98765}', "98765"),
        ("要我重新授权", "42002"),
        ("闪退", "symptom_white_page"),
        ("redirect_uri 参数错误", "page_redirect_uri"),
        ("请在微信客户端打开链接", "page_open_in_wechat"),
        ("白屏", "symptom_white_page"),
        ("登录后不是我的账号", "symptom_wrong_account"),
    ],
)
async def test_codes_sentences_and_symptoms_open_their_page(staff: SignIn, text: str, code: str) -> None:
    support = staff("support")

    found = await pasted(support, text)

    assert found == f"/admin/failures/{code}"
    assert (await support.get(found)).status_code == 200


async def test_the_rid_of_an_answer_opens_the_attempt_that_it_was_given_to(
    staff: SignIn, store: Store, shop: Site
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, failed=True))
    store(lambda: EventFactory(attempt=attempt, stage="exchange", event_class="failure", code="40029", rid=RID))
    answer = f'{{"errcode":40029,"errmsg":"invalid code, rid: {RID}"}}'

    found = await pasted(staff("operator"), answer)
    shown = await pasted(staff("developer", ["clinic"]), answer)

    assert found == page_of(attempt)
    assert shown == "/admin/failures/40029"


async def test_openid_and_unionid_open_the_person(staff: SignIn, store: Store, shop: Site) -> None:
    user = store(lambda: UserFactory(site=shop, unionid="oUnion_-1234567890123456789A"))
    support = staff("support")

    found = [await pasted(support, text) for text in (user.openid, f"OpenID：{user.openid}", user.unionid)]

    assert found == [f"/admin/users/{user.id}"] * 3


async def test_several_people_of_one_name_are_grouped(staff: SignIn, store: Store, shop: Site) -> None:
    people = store(lambda: [UserFactory(site=shop, nickname=f"小雨{number}") for number in range(7)])

    page = await pasted(staff("admin"), "小雨")

    shown = [link.attributes["href"] for link in read(page.text).one("main").all("a")]
    assert len({f"/admin/users/{user.id}" for user in people} & set(shown)) == 5
    assert "/admin/users?q=%E5%B0%8F%E9%9B%A8" in shown


async def test_a_member_reference_leads_to_people_and_to_logins_that_failed(
    staff: SignIn, store: Store, shop: Site
) -> None:
    store(lambda: AttemptFactory(site=shop, failed=True, ref="会员 7"))

    found = await pasted(staff("support"), "会员 7")

    assert found == "/admin/attempts?ref=%E4%BC%9A%E5%91%98+7"


async def test_an_address_leads_to_the_attempts_from_it(staff: SignIn, store: Store, shop: Site) -> None:
    store(lambda: AttemptFactory(site=shop, failed=True, ip="203.0.113.7"))

    found = await pasted(staff("support"), "IP 203.0.113.7")

    assert found == "/admin/attempts?ip=203.0.113.7"


@pytest.mark.parametrize(
    "link",
    [
        f"https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx1&state={STATE}#wechat_redirect",
        f"http://127.0.0.1/auth/callback?code=0123456789abcdef&state={STATE}",
        "https://shop.example.com/orders?table=7&ticket=TICKETTICKETTICKETTICKET12#/a",
    ],
)
async def test_a_link_opens_the_attempt_that_it_is_of(staff: SignIn, store: Store, shop: Site, link: str) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, failed=True, state_hash=sha256(STATE)))
    store(lambda: TicketFactory(attempt_id=attempt.id, ticket_hash=sha256("TICKETTICKETTICKETTICKET12")))

    found = await pasted(staff("support"), f"打不开 {link}")

    assert found == page_of(attempt)


async def test_an_authorize_link_is_told_its_faults_and_never_shown_again(staff: SignIn, gateway: str) -> None:
    link = f"https://open.weixin.qq.com/connect/oauth2/authorize?state={STATE}&appid=wxabc&key=verysecret"

    page = await pasted(staff("developer", ["shop"]), link)

    assert page.status_code == 200
    assert "wxabc is of no account of this gateway" in page.text
    assert "It has to end in #wechat_redirect." in page.text
    assert "“redirect_uri” is missing." in page.text
    assert not [secret for secret in (STATE, "verysecret") if secret in page.text]


async def test_a_link_is_never_looked_for_in_an_address(staff: SignIn) -> None:
    page = await staff("support").get(f"/admin/search?q={quote_plus(f'https://m.example.com/?state={STATE}')}")

    assert page.status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        '{"access_token":"83_abcDEF","expires_in":7200,"refresh_token":"83_ghiJKL","openid":"oX"}',
        "83_" + "aB3-" * 30,
        "0123456789abcdef" * 2,
        "code=071abcDEFghi",
        f"state {STATE}",
        "wxk_" + "A2" * 20,
    ],
)
async def test_what_may_be_secret_stands_in_no_address_and_on_no_page(staff: SignIn, text: str) -> None:
    admin = staff("admin")

    page = await admin.post("/admin/search", {"q": text})
    by_address = await admin.get(f"/admin/search?q={quote_plus(text)}")

    assert (page.status_code, by_address.status_code) == (200, 400)
    assert not [
        word
        for word in re.findall(
            r"[A-Za-z0-9_-]{9,}",
            text.replace("access_token", "").replace("refresh_token", "").replace("expires_in", ""),
        )
        if word in page.text
    ]


async def test_what_tells_a_login_from_others_opens_it_without_its_link(
    staff: SignIn, store: Store, shop: Site
) -> None:
    attempt = store(lambda: AttemptFactory(site=shop, failed=True, state_hash=sha256(STATE)))

    found = await staff("support").post("/admin/search", {"q": f"state {STATE}"})

    assert found.headers["Location"] == page_of(attempt)


async def test_a_business_page_leads_to_the_site_that_may_have_its_visitors_back(staff: SignIn, shop: Site) -> None:
    person = staff("developer", ["shop"])

    found = await pasted(person, "https://shop.example.com/back/orders?table=7")
    start = await pasted(person, f"https://m.example.com/auth?url={quote_plus('https://shop.example.com/back')}")

    assert (found, start) == ("/admin/sites/shop", "/admin/sites/shop")


async def test_each_role_finds_what_it_may_see(staff: SignIn, store: Store, shop: Site, clinic: Site) -> None:
    user = store(lambda: UserFactory(site=shop, nickname="小雨"))
    own = store(lambda: AttemptFactory(site=shop, failed=True, ref="m-1", ip="203.0.113.7"))
    other = store(lambda: AttemptFactory(site=clinic, failed=True))
    developer, marketer = staff("developer", ["shop"]), staff("marketer")

    by_developer = [
        await pasted(developer, text)
        for text in (
            support_codes.show(own.support_code),
            support_codes.show(other.support_code),
            user.openid,
            "小雨",
            "m-1",
        )
    ]
    by_marketer = [
        await pasted(marketer, text) for text in (user.openid, support_codes.show(own.support_code), "40029", "白屏")
    ]

    assert by_developer[0] == page_of(own)
    assert (await developer.get(by_developer[1])).status_code == 403
    assert ["Nothing found" in page.text for page in by_developer[2:]] == [True] * 3
    assert by_marketer[0] == f"/admin/users/{user.id}"
    assert ["Nothing found" in page.text for page in by_marketer[1:]] == [True] * 3
    assert "Find a login without a code" not in by_marketer[1].text


async def test_an_empty_box_says_what_it_takes(staff: SignIn) -> None:
    page = await staff("admin").get("/admin/search")

    assert "What are you looking for?" in page.text
    assert "Find a login without a code" in page.text


@pytest.mark.parametrize(
    "text", ["\0", "' OR 1=1 --", "%00%ff", "<script>alert(1)</script>", "长" * 5_000, "🀄️", "a" * 200]
)
async def test_no_text_is_too_odd(staff: SignIn, text: str) -> None:
    page = await pasted(staff("admin"), text)

    assert page.status_code == 200
    assert "<script>alert" not in page.text


async def test_what_is_found_has_an_address_that_can_be_passed_on(staff: SignIn) -> None:
    answer = await staff("support").post("/admin/search", {"q": "谁知道"})

    assert unquote_plus(answer.headers["Location"]) == "/admin/search?q=谁知道"
