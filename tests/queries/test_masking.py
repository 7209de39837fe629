"""What is left of a masked text: the same by Python and by the database, by role as the README's table says."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.crowd import ZONE
from tests.factories import AttemptFactory, SiteFactory, UserChannelFactory, UserFactory
from wxadmin.clock import utcnow
from wxadmin.models import Role, User
from wxadmin.queries import attempt, masking, overview, user_profiles, users
from wxadmin.queries.masking import CLEAR, Field, Masks, Sight, network, of_role
from wxadmin.queries.user_filters import UserFilters

ROOT = Path(__file__).parents[2]
SUPPORT = of_role(Role.SUPPORT)
NICKNAMES = ["", "小", "小雨 🌧", "🇨🇳", "e\u0301e", "%_'\"", "x" * 300]
IN_TABLE = dict(zip(["OpenID", "UnionID", "nickname", "avatar", "IP address", "member reference"], Field, strict=True))


@pytest.mark.parametrize("nickname", NICKNAMES)
def test_the_database_leaves_the_same_signs_as_the_program(session: Session, nickname: str) -> None:
    made = UserFactory(
        nickname=nickname, openid="oABC0123456789wxyz", unionid=None, last_ref="M-10086"[: len(nickname)]
    )
    columns = {Field.OPENID: User.openid, Field.UNIONID: User.unionid, Field.NICKNAME: User.nickname}
    columns[Field.REF] = User.last_ref

    query = select(*(SUPPORT.column(field, column) for field, column in columns.items())).where(User.id == made.id)
    by_database = list(session.execute(query).one())

    assert by_database == [SUPPORT.shown(field, getattr(made, column.key)) for field, column in columns.items()]


@pytest.mark.parametrize(
    ("field", "text", "left"),
    [
        (Field.OPENID, "oABC0123456789wxyz", "oABC…wxyz"),
        (Field.OPENID, "oShort", "…"),
        (Field.NICKNAME, "小雨 🌧", "小…"),
        (Field.AVATAR, "https://thirdwx.qlogo.cn/0", None),
        (Field.IP, "203.0.113.77", "203.0.113.0/24"),
        (Field.IP, "2001:db8:1:2::77", "2001:db8:1::/48"),
        (Field.REF, "M-10086", "…86"),
        (Field.REF, "86", "…"),
        (Field.REF, None, None),
    ],
)
def test_support_sees_a_part(field: Field, text: str | None, left: str | None) -> None:
    assert SUPPORT.shown(field, text) == left


@pytest.mark.parametrize("readme", ["README.md", "docs/README.zh-CN.md"])
def test_the_readmes_table_of_masks_is_the_policy(readme: str) -> None:
    rows = re.findall(
        r"^\| [^`|]+ \|((?: (?:✓|–|`[^`/]*(?:/24)?`) \|){5})$", (ROOT / readme).read_text("utf-8"), re.MULTILINE
    )

    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    sights = [[{"✓": Sight.CLEAR, "–": Sight.HIDDEN}.get(cell, Sight.MASKED) for cell in row] for row in cells]
    assert sights == [[of_role(role).sight(field) for role in Role] for field in IN_TABLE.values()]


def test_networks_are_those_of_one_customer_or_more() -> None:
    assert [network("10.1.2.3"), network("::1")] == ["10.1.2.0/24", "::/48"]


def test_a_masked_openid_or_nickname_is_found_by_all_of_it_only(session: Session) -> None:
    made = UserFactory(openid="oABC0123456789wxyz", nickname="小雨")
    found = {}
    for q in ("oABC0123", "oABC0123456789wxyz", "小", "小雨"):
        page = users.page(session, UserFilters(q=q), ZONE, masks=SUPPORT)
        found[q] = [row.id for row in page.rows]
        assert users.count(session, UserFilters(q=q), ZONE, masks=SUPPORT).number == len(found[q])

    assert found == {"oABC0123": [], "oABC0123456789wxyz": [made.id], "小": [], "小雨": [made.id]}
    assert users.count(session, UserFilters(q="oABC0123"), ZONE, masks=CLEAR).number == 1


def test_every_query_of_people_gives_what_the_masks_leave(session: Session) -> None:
    site = SiteFactory()
    unionid = "oUNI0123456789wxyz"
    made = UserFactory(site=site, openid="oABC0123456789wxyz", unionid=unionid, nickname="小雨", last_ref="M-1")
    twin = UserFactory(site=site, openid="oTWI0123456789wxyz", unionid=unionid, nickname="小雨二")
    UserChannelFactory(user=made, last_ref="M-10086")
    went = AttemptFactory(site=site, user_id=made.id, ref="M-10086", ip="203.0.113.77")

    row = next(row for row in users.page(session, UserFilters(), ZONE, masks=SUPPORT).rows if row.id == made.id)
    profile = user_profiles.find(session, made.id, masks=SUPPORT)
    shown = attempt.find(session, went.support_code, among=None, masks=SUPPORT)
    newest = next(row for row in overview.newest_users(session, masks=SUPPORT) if row.id == made.id)

    assert (row.openid, row.unionid, row.nickname) == ("oABC…wxyz", "oUNI…wxyz", "小…")
    assert (newest.openid, newest.nickname) == ("oABC…wxyz", "小…")
    assert profile is not None
    person = profile.user
    assert (person.openid, person.unionid, person.nickname) == ("oABC…wxyz", "oUNI…wxyz", "小…")
    assert (person.headimgurl, person.last_ref) == (None, "…")
    assert [(other.id, other.openid, other.nickname) for other in profile.others] == [(twin.id, "oTWI…wxyz", "小…")]
    assert [came.last_ref for came in profile.channels] == ["…86"]
    assert isinstance(shown, attempt.AttemptShown)
    assert shown.personal is not None
    personal = shown.personal
    assert (personal.ip, personal.ref, personal.nickname) == ("203.0.113.0/24", "…86", "小…")
    assert personal.openid == "oABC…wxyz"


def test_whoever_is_revealed_is_clear_and_nobody_else(session: Session) -> None:
    site = SiteFactory()
    made, other = UserFactory(site=site), UserFactory(site=site)
    went = AttemptFactory(site=site, user_id=made.id, ip="203.0.113.77")
    until = utcnow() + timedelta(minutes=10)
    masks = of_role(Role.SUPPORT, {made.id: until})

    profiles = [user_profiles.find(session, user.id, masks=masks) for user in (made, other)]
    shown = attempt.find(session, went.support_code, among=None, masks=masks)

    assert [profile and profile.user.nickname for profile in profiles] == [made.nickname, "小…"]
    assert [profile and profile.clear_until for profile in profiles] == [until, None]
    assert isinstance(shown, attempt.AttemptShown)
    assert shown.personal is not None
    assert (shown.personal.ip, shown.personal.clear_until) == ("203.0.113.77", until)


def test_masks_without_a_word_about_a_field_leave_it_clear() -> None:
    assert Masks({}).is_clear(*Field)
    assert not of_role(Role.MARKETER).is_clear(*masking.SEARCHED)
