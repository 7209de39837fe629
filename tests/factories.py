"""A factory for every model: rows as the program itself would have stored them, with traits for their states."""

import itertools
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import factory
from factory.alchemy import SQLAlchemyModelFactory
from sqlalchemy.orm import Session

from wxadmin import models, support_codes
from wxadmin.clock import hour_of, utcnow
from wxadmin.exporting.id_sets import packed
from wxadmin.ids import Ids, first_id_at
from wxadmin.models import Class, Hold, Outcome, Role, Stage, TokenState, Trigger
from wxadmin.models.sealed import secret_bound_to, tokens_bound_to
from wxadmin.security.hashes import sha256
from wxadmin.security.keys import KeyRing
from wxadmin.services.tickets import LIFETIME
from wxadmin.services.tokens import REFRESH_TOKEN_LIFETIME

T = TypeVar("T")

# No process that serves in a test has this node number.
_ids = Ids(node=4_000)
_numbers_of_users = itertools.count(1)
_open_sessions: list[Session] = []


@contextmanager
def storing_in(session: Session) -> Iterator[None]:
    """Factories store in this session until the end of the block."""
    _open_sessions.append(session)
    try:
        yield
    finally:
        _open_sessions.pop()


def stored(session: Session, make: Callable[[], T]) -> T:
    """What `make` made by factories, stored in the session."""
    with storing_in(session):
        return make()


def _hash(name: str) -> Any:
    """A hash as of a random value: another one for each row."""
    return factory.Sequence(lambda number: sha256(f"{name} {number}"))


def _ago(**how_long: float) -> Any:
    return factory.LazyFunction(lambda: utcnow() - timedelta(**how_long))


class _Factory(SQLAlchemyModelFactory):
    class Meta:
        abstract = True
        sqlalchemy_session_factory = lambda: _open_sessions[-1]  # noqa: E731
        sqlalchemy_session_persistence = "flush"


def sealed_account(keys: KeyRing, **of_account: Any) -> models.Account:
    """An account with an AppSecret that opens."""
    account: models.Account = AccountFactory(**of_account)
    account.secret_sealed = keys.seal("0123456789abcdef", secret_bound_to(account.appid))
    return account


def sealed_token(keys: KeyRing, **of_token: Any) -> models.Token:
    """A token whose values open: `access of <openid>` and `refresh of <openid>`."""
    user = of_token.pop("user", None) or UserFactory()
    token: models.Token = TokenFactory(user=user, **of_token)
    access, refresh = tokens_bound_to(user.account_id, user.openid)
    token.access_sealed = keys.seal(f"access of {user.openid}", access)
    token.refresh_sealed = keys.seal(f"refresh of {user.openid}", refresh)
    return token


class AccountFactory(_Factory):
    class Meta:
        model = models.Account

    id = factory.LazyFunction(_ids.draw)
    name = factory.Sequence(lambda number: f"account-{number}")
    title = "清茶公众号"
    appid = factory.Sequence(lambda number: f"wx{number:016x}")
    secret_sealed = b"sealed"
    refresh_policy = "all"
    created_at = _ago(days=90)

    class Params:
        disabled = factory.Trait(disabled_at=_ago(days=1))
        sample = factory.Trait(appid=factory.Sequence(lambda number: f"wxsample{number:010}"))


class SiteFactory(_Factory):
    class Meta:
        model = models.Site

    class Params:
        account = factory.SubFactory(AccountFactory)
        disabled = factory.Trait(disabled_at=_ago(days=1))
        rotated = factory.Trait(
            old_key_hash=_hash("old key"), old_key_until=factory.LazyFunction(lambda: utcnow() + timedelta(hours=24))
        )

    id = factory.LazyFunction(_ids.draw)
    account_id = factory.SelfAttribute("account.id")
    name = factory.Sequence(lambda number: f"site-{number}")
    title = "清茶小店"
    contact = "店长 010-12345678"
    handoff = "ticket"
    key_hash = _hash("key")
    created_at = _ago(days=60)


class ReturnURLFactory(_Factory):
    class Meta:
        model = models.ReturnURL

    class Params:
        site = factory.SubFactory(SiteFactory)

    id = factory.LazyFunction(_ids.draw)
    site_id = factory.SelfAttribute("site.id")
    url = factory.Sequence(lambda number: f"https://shop{number}.example.com/back")


class OriginFactory(_Factory):
    class Meta:
        model = models.Origin

    class Params:
        site = factory.SubFactory(SiteFactory)

    id = factory.LazyFunction(_ids.draw)
    site_id = factory.SelfAttribute("site.id")
    origin = factory.Sequence(lambda number: f"https://shop{number}.example.com")


class UserFactory(_Factory):
    class Meta:
        model = models.User

    class Params:
        site = factory.SubFactory(SiteFactory)
        blocked = factory.Trait(blocked_at=_ago(days=1), blocked_by="lin", blocked_why="来电要求不再打扰")
        silent = factory.Trait(
            unionid=None, nickname=None, headimgurl=None, profile_at=None, granted_userinfo=False, explicit_at=None
        )

    # Drawn when they were first seen: lists of users in that order go by ids.
    id = factory.LazyAttribute(lambda user: first_id_at(user.first_seen_at) + next(_numbers_of_users))
    account_id = factory.SelfAttribute("site.account_id")
    openid = factory.Sequence(lambda number: f"oFactory{number:020}")
    unionid = factory.Sequence(lambda number: f"oUnion{number:022}")
    nickname = "小雨 🌧"
    headimgurl = "https://thirdwx.qlogo.cn/mmopen/vi_32/0"
    language = "zh_CN"
    profile_at = _ago(hours=1)
    granted_base = True
    granted_userinfo = True
    explicit_at = factory.SelfAttribute("first_seen_at")
    first_seen_at = _ago(days=10)
    last_login_at = _ago(hours=1)
    logins = 3
    last_site_id = factory.SelfAttribute("site.id")
    change_no = factory.Sequence(lambda number: number)


class ErasureFactory(_Factory):
    class Meta:
        model = models.Erasure

    class Params:
        user = factory.SubFactory(UserFactory)

    id = factory.LazyFunction(_ids.draw)
    user_id = factory.SelfAttribute("user.id")
    account_id = factory.SelfAttribute("user.account_id")
    at = factory.LazyFunction(utcnow)
    actor = "ada"
    reason = models.ErasureReason.PERSON_ASKS.value
    rows = factory.LazyFunction(lambda: {"user": 1, "token": 1})
    exports = factory.LazyFunction(list)
    exports_total = 0


class UserChannelFactory(_Factory):
    class Meta:
        model = models.UserChannel

    class Params:
        user = factory.SubFactory(UserFactory)

    user_id = factory.SelfAttribute("user.id")
    site_id = factory.SelfAttribute("user.last_site_id")
    channel = factory.Sequence(lambda number: f"poster-{number}")
    first_at = _ago(days=10)
    last_at = _ago(hours=1)
    logins = 3


class TokenFactory(_Factory):
    class Meta:
        model = models.Token

    class Params:
        user = factory.SubFactory(UserFactory)
        authorized_at = _ago(minutes=10)
        due = factory.Trait(next_refresh_at=_ago(minutes=1))
        leased = factory.Trait(
            lease_owner=7, lease_until=factory.LazyFunction(lambda: utcnow() + timedelta(minutes=1)), version=2
        )
        needs_consent = factory.Trait(state=TokenState.NEEDS_CONSENT.value, last_code="42002", failures=1)

    user_id = factory.SelfAttribute("user.id")
    account_id = factory.SelfAttribute("user.account_id")
    access_sealed = b"sealed access"
    refresh_sealed = b"sealed refresh"
    scope = "snsapi_base,snsapi_userinfo"
    expires_at = factory.LazyAttribute(lambda token: token.authorized_at + timedelta(hours=2))
    refresh_expires_at = factory.LazyAttribute(lambda token: token.authorized_at + REFRESH_TOKEN_LIFETIME)
    next_refresh_at = factory.LazyAttribute(lambda token: token.expires_at - timedelta(minutes=15))
    state = TokenState.ACTIVE.value
    failures = 0
    version = 1


class AttemptFactory(_Factory):
    """Waiting, unless a trait says how it went on."""

    class Meta:
        model = models.Attempt

    class Params:
        site = factory.SubFactory(SiteFactory)
        waiting = factory.Trait()
        returned = factory.Trait(
            returned_at=factory.LazyAttribute(lambda attempt: attempt.started_at + timedelta(seconds=3)),
            code_hash=_hash("code"),
        )
        ended = factory.Trait(
            returned=True,
            ended_at=factory.LazyAttribute(lambda attempt: attempt.started_at + timedelta(seconds=4)),
        )
        succeeded = factory.Trait(
            ended=True,
            exchanged_at=factory.SelfAttribute("ended_at"),
            outcome=Outcome.SUCCEEDED.value,
            user=factory.SubFactory(UserFactory, site=factory.SelfAttribute("..site")),
            user_id=factory.SelfAttribute("user.id"),
            scope_granted=factory.SelfAttribute("scope"),
        )
        failed = factory.Trait(ended=True, outcome=Outcome.FAILED.value, ended_by="40029")
        denied = factory.Trait(ended=True, outcome=Outcome.DENIED.value, code_hash=None)
        snapshot = factory.Trait(ended=True, outcome=Outcome.SNAPSHOT.value)
        abandoned = factory.Trait(
            started_at=_ago(minutes=20),
            ended_at=_ago(minutes=9),
            outcome=Outcome.ABANDONED.value,
            ended_by="gw_no_callback",
        )
        refused = factory.Trait(
            state_hash=None,
            cookie_hash=None,
            ended_at=factory.SelfAttribute("started_at"),
            outcome=Outcome.FAILED.value,
            ended_by="gw_return_url_refused",
        )
        # A code that a page brought: no state and no cookie.
        page = factory.Trait(succeeded=True, state_hash=None, cookie_hash=None)
        page_failed = factory.Trait(failed=True, state_hash=None, cookie_hash=None)
        user = None

    id = factory.LazyFunction(_ids.draw)
    support_code = factory.LazyFunction(support_codes.make)
    account_id = factory.SelfAttribute("site.account_id")
    site_id = factory.SelfAttribute("site.id")
    scope = "snsapi_base"
    state_hash = _hash("state")
    cookie_hash = _hash("cookie")
    return_url = "https://shop.example.com/back?table=7"
    nonce = "nonce-7"
    channel = "poster"
    browser_family = "wechat-android"
    wechat_version = "8.0.50"
    ip = "203.0.113.7"
    started_at = _ago(minutes=1)


class AttemptNoteFactory(_Factory):
    class Meta:
        model = models.AttemptNote

    class Params:
        attempt = factory.SubFactory(AttemptFactory, failed=True)

    id = factory.LazyFunction(_ids.draw)
    attempt_id = factory.SelfAttribute("attempt.id")
    at = factory.LazyFunction(utcnow)
    author = "ada"
    text = factory.Sequence(lambda number: f"客户已电话联系 {number} 次")


class CodeClaimFactory(_Factory):
    class Meta:
        model = models.CodeClaim

    class Params:
        attempt = factory.SubFactory(AttemptFactory, returned=True)

    account_id = factory.SelfAttribute("attempt.account_id")
    code_hash = factory.SelfAttribute("attempt.code_hash")
    attempt_id = factory.SelfAttribute("attempt.id")
    claim_id = factory.LazyFunction(_ids.draw)
    node = 1
    claimed_at = factory.SelfAttribute("attempt.returned_at")
    lease_until = factory.LazyAttribute(lambda claim: claim.claimed_at + timedelta(seconds=30))


class EventFactory(_Factory):
    class Meta:
        model = models.Event

    class Params:
        attempt = factory.SubFactory(AttemptFactory)
        failure = factory.Trait(event_class=Class.FAILURE.value, code="40029", errmsg="invalid code", rid="6a-b-c")

    id = factory.LazyFunction(_ids.draw)
    at = factory.SelfAttribute("attempt.started_at")
    account_id = factory.SelfAttribute("attempt.account_id")
    site_id = factory.SelfAttribute("attempt.site_id")
    attempt_id = factory.SelfAttribute("attempt.id")
    scope = factory.SelfAttribute("attempt.scope")
    browser_family = factory.SelfAttribute("attempt.browser_family")
    stage = Stage.START.value
    event_class = Class.OK.value
    code = ""
    recovered = False
    new_user = False
    first_of_day = False


class TicketFactory(_Factory):
    class Meta:
        model = models.Ticket

    class Params:
        attempt = factory.SubFactory(AttemptFactory, succeeded=True)
        spent = factory.Trait(redeemed_at=factory.LazyAttribute(lambda ticket: ticket.issued_at + timedelta(seconds=1)))
        expired = factory.Trait(issued_at=_ago(minutes=6))

    ticket_hash = _hash("ticket")
    attempt_id = factory.SelfAttribute("attempt.id")
    site_id = factory.SelfAttribute("attempt.site_id")
    user_id = factory.SelfAttribute("attempt.user_id")
    browser_bound = True
    issued_at = factory.LazyFunction(utcnow)
    expires_at = factory.LazyAttribute(lambda ticket: ticket.issued_at + LIFETIME)


class LoginHourFactory(_Factory):
    class Meta:
        model = models.LoginHour

    hour = factory.LazyFunction(lambda: hour_of(utcnow()))
    account_id = factory.Sequence(lambda number: number + 1)
    site_id = factory.Sequence(lambda number: number + 1)
    scope = "snsapi_base"
    started = 1
    refused = succeeded = failed = recovered = denied = snapshot = abandoned = duplicate = new_users = people = 0


class FailureHourFactory(_Factory):
    class Meta:
        model = models.FailureHour

    hour = factory.LazyFunction(lambda: hour_of(utcnow()))
    account_id = factory.Sequence(lambda number: number + 1)
    site_id = factory.Sequence(lambda number: number + 1)
    scope = "snsapi_base"
    stage = Stage.EXCHANGE.value
    code = "40029"
    event_class = Class.FAILURE.value
    browser_family = "wechat-ios"
    events = 1


class StepHourFactory(_Factory):
    class Meta:
        model = models.StepHour

    hour = factory.LazyFunction(lambda: hour_of(utcnow()))
    account_id = factory.Sequence(lambda number: number + 1)
    site_id = factory.Sequence(lambda number: number + 1)
    scope = "snsapi_base"
    stage = Stage.EXCHANGE.value
    event_class = Class.OK.value
    events = ms_100 = 1
    ms_25 = ms_50 = ms_200 = ms_400 = ms_800 = ms_1600 = ms_3200 = ms_6400 = ms_more = 0


class StaffFactory(_Factory):
    class Meta:
        model = models.Staff

    class Params:
        disabled = factory.Trait(disabled_at=_ago(days=1))

    id = factory.LazyFunction(_ids.draw)
    name = factory.Sequence(lambda number: f"staff-{number}")
    role = Role.SUPPORT.value
    password_hash = "$argon2id$"
    created_at = _ago(days=30)


class StaffSiteFactory(_Factory):
    class Meta:
        model = models.StaffSite

    class Params:
        staff = factory.SubFactory(StaffFactory, role=Role.DEVELOPER.value)
        site = factory.SubFactory(SiteFactory)

    staff_id = factory.SelfAttribute("staff.id")
    site_id = factory.SelfAttribute("site.id")


class StaffSessionFactory(_Factory):
    class Meta:
        model = models.StaffSession

    class Params:
        staff = factory.SubFactory(StaffFactory)
        expired = factory.Trait(expires_at=_ago(minutes=1))

    token_hash = _hash("sign-in")
    staff_id = factory.SelfAttribute("staff.id")
    created_at = _ago(hours=1)
    seen_at = _ago(minutes=1)
    expires_at = factory.LazyFunction(lambda: utcnow() + timedelta(hours=11))


class StaffKeyFactory(_Factory):
    class Meta:
        model = models.StaffKey

    class Params:
        staff = factory.SubFactory(StaffFactory)

    id = factory.LazyFunction(_ids.draw)
    staff_id = factory.SelfAttribute("staff.id")
    name = factory.Sequence(lambda number: f"script {number}")
    key_hash = _hash("staff key")
    ending = "A1B2"
    created_at = _ago(days=3)


class StaffTotpFactory(_Factory):
    class Meta:
        model = models.StaffTotp

    class Params:
        staff = factory.SubFactory(StaffFactory)

    staff_id = factory.SelfAttribute("staff.id")
    secret_sealed = b"sealed"
    made_at = _ago(days=2)
    confirmed_at = _ago(days=2)


class RevealFactory(_Factory):
    class Meta:
        model = models.Reveal

    class Params:
        signed_in = factory.SubFactory(StaffSessionFactory)

    token_hash = factory.SelfAttribute("signed_in.token_hash")
    subject_id = factory.LazyFunction(_ids.draw)
    until = factory.LazyFunction(lambda: utcnow() + timedelta(minutes=10))


class AuditEntryFactory(_Factory):
    class Meta:
        model = models.AuditEntry

    id = factory.LazyFunction(_ids.draw)
    at = factory.LazyFunction(utcnow)
    actor = "command line"
    action = "account_added"
    subject = "tea"


class NodeFactory(_Factory):
    class Meta:
        model = models.Node

    id = factory.Sequence(lambda number: 1_000 + number)
    host = "gateway-1"
    pid = 4_711
    started_at = _ago(hours=1)
    seen_at = _ago(seconds=5)
    batch = 0

    class Params:
        gone = factory.Trait(started_at=_ago(days=9), seen_at=_ago(days=8))


class CounterFactory(_Factory):
    class Meta:
        model = models.Counter

    name = factory.Sequence(lambda number: f"counter-{number}")
    value = 0


class KeyInUseFactory(_Factory):
    class Meta:
        model = models.KeyInUse

    key_id = factory.Sequence(lambda number: f"{number:08x}")
    first_used_at = _ago(days=90)


class JobRunFactory(_Factory):
    class Meta:
        model = models.JobRun

    name = factory.Sequence(lambda number: f"job-{number}")
    node = 1
    started_at = _ago(seconds=40)
    ended_at = _ago(seconds=39)
    rows = 12


class JobTurnFactory(_Factory):
    class Meta:
        model = models.JobTurn

    name = factory.Sequence(lambda number: f"turn-{number}")
    node = 1
    until = factory.LazyFunction(lambda: utcnow() + timedelta(minutes=2))


class NoticeFactory(_Factory):
    """Shown, unless it has ended."""

    class Meta:
        model = models.Notice

    class Params:
        ended = factory.Trait(ended_at=_ago(minutes=5))

    id = factory.LazyFunction(_ids.draw)
    text_zh = "微信授权暂时缓慢，我们正在处理。"
    text_en = "Logins through WeChat are slow at the moment; we are at it."
    reply = "您好，微信授权目前较慢，请十分钟后再试。"
    on_visitors = False
    since = _ago(minutes=30)
    set_by = "ada"


class OutsideLookFactory(_Factory):
    class Meta:
        model = models.OutsideLook

    id = factory.Sequence(lambda number: number + 1)
    at = _ago(minutes=20)
    seen = factory.LazyFunction(lambda: {"answers": {}, "health": {"error": "refused"}, "ownership": {}})


class AccountRefreshFactory(_Factory):
    class Meta:
        model = models.AccountRefresh

    class Params:
        account = factory.SubFactory(AccountFactory)
        paused = factory.Trait(hold=Hold.STAFF.value, hold_by="ada", held_at=_ago(hours=1))
        misconfigured = factory.Trait(
            hold=Hold.CONFIG.value, hold_code="40164", held_at=_ago(hours=1), probe_at=_ago(seconds=1)
        )

    account_id = factory.SelfAttribute("account.id")


class RefreshPassFactory(_Factory):
    class Meta:
        model = models.RefreshPass

    id = factory.LazyFunction(_ids.draw)
    node = 1
    trigger = Trigger.JOB.value
    started_at = _ago(seconds=40)
    ended_at = _ago(seconds=38)
    leased = 20
    renewed = 17
    overtaken = given_back = put_aside = 1
    failures = factory.LazyFunction(lambda: {"42002": 1})


class ExportFactory(_Factory):
    class Meta:
        model = models.Export

    class Params:
        done = factory.Trait(
            state="done",
            attempt=1,
            started_at=_ago(minutes=9),
            as_of=_ago(minutes=9),
            ended_at=_ago(minutes=8),
            expected=2,
            rows=2,
            kept_until=factory.LazyFunction(lambda: utcnow() + timedelta(days=7)),
        )

    id = factory.LazyFunction(_ids.draw)
    asked_at = _ago(minutes=10)
    asked_by = "lin"
    role = "marketer"
    subject = "users"
    destination = "other"
    format = "csv"
    columns = "openid,nickname"
    filters = "{}"
    filter_zone = "Asia/Shanghai"
    zone = "Asia/Shanghai"
    language = "zh_CN"
    purpose = "coupons"
    note = ""
    delete_after_download = False
    state = "waiting"
    cancel_asked = False
    attempt = 0
    rows = 0
    dropped = 0


class ExportPartFactory(_Factory):
    class Meta:
        model = models.ExportPart

    class Params:
        export = factory.SubFactory(ExportFactory, done=True)

    export_id = factory.SelfAttribute("export.id")
    number = 1
    name = "users.csv"
    rows = 2
    size = 64
    sha256 = _hash("file")
    tree = _hash("tree")
    head = _hash("head")
    blocks = ""
    sent = 0


class UploadedListFactory(_Factory):
    class Meta:
        model = models.UploadedList

    class Params:
        account = factory.SubFactory(AccountFactory)

    id = factory.LazyFunction(_ids.draw)
    name = factory.Sequence(lambda number: f"老客户 {number}")
    account_id = factory.SelfAttribute("account.id")
    kind = models.IdKind.OPENID.value
    made_at = _ago(minutes=5)
    made_by = "lin"
    held = 1
    repeated = 0
    unreadable = 0
    unreadable_lines = factory.LazyFunction(list)
    ready_at = _ago(minutes=4)
    found = 1
    elsewhere = 0
    matched_at = _ago(minutes=4)
    kept_until = factory.LazyFunction(lambda: utcnow() + timedelta(days=90))


class UploadedValueFactory(_Factory):
    class Meta:
        model = models.UploadedValue

    class Params:
        of_list = factory.SubFactory(UploadedListFactory)

    list_id = factory.SelfAttribute("of_list.id")
    value = factory.Sequence(lambda number: f"oFactory{number:020}")


class ExportHoldingFactory(_Factory):
    class Meta:
        model = models.ExportHolding

    class Params:
        export = factory.SubFactory(ExportFactory, done=True, change_no=1)
        held = factory.LazyFunction(lambda: [1])

    export_id = factory.SelfAttribute("export.id")
    attempt = factory.SelfAttribute("export.attempt")
    kind = models.Holding.FITTED.value
    first_id = factory.LazyAttribute(lambda portion: min(portion.held))
    last_id = factory.LazyAttribute(lambda portion: max(portion.held))
    people = factory.LazyAttribute(lambda portion: len(portion.held))
    ids = factory.LazyAttribute(lambda portion: packed(array("q", sorted(portion.held))).ids)


class SegmentFactory(_Factory):
    class Meta:
        model = models.Segment

    id = factory.LazyFunction(_ids.draw)
    name = factory.Sequence(lambda number: f"八月会员 {number}")
    filters = '{"scope": "explicit"}'
    filter_zone = "Asia/Shanghai"
    made_at = _ago(days=2)
    made_by = "lin"
    changed_at = _ago(days=1)
    changed_by = "lin"


EVERY_FACTORY = _Factory.__subclasses__()
