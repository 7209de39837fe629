"""The pages of the dashboard as a browser is sent to them: of every route at least one; and what else is no page."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session
from tornado.web import RequestHandler

from tests.factories import ExportFactory, ExportPartFactory, SegmentFactory, UploadedListFactory, stored
from wxadmin import kept_secrets, support_codes
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.handlers.admin.exports import ExportFile, ExportProgress, ExportReceipt
from wxadmin.handlers.admin.live import LiveEvents
from wxadmin.models import Attempt, Outcome, Role, Staff, StaffKey, StaffTotp, User
from wxadmin.queries import staff_sessions
from wxadmin.queries.staff import Identity
from wxadmin.security.hashes import sha256
from wxadmin.security.keys import KeyRing
from wxadmin.services import contact, notes, pauses, sessions, sites, staff_keys, totp
from wxadmin.services import staff as staff_services
from wxadmin.services.sites import SiteForm
from wxadmin.settings import Settings

ADMIN, SUPPORT, CAREFUL, DEVELOPER = "ada", "lin", "eve", "dan"
"""The third one is asked for a code, too."""
_SHOWN = {Outcome.SUCCEEDED, Outcome.FAILED, Outcome.ABANDONED, Outcome.SNAPSHOT}

NO_PAGES: Mapping[type[RequestHandler], str] = {
    LiveEvents: "a stream of events, which the live page listens to",
    ExportFile: "a file",
    ExportReceipt: "a file",
    ExportProgress: "what the page of an export asks for",
}

# What the sample has in any case; the rest is filled in by `furnish`.
ACCOUNT, SITE, OLDER_SITE = "sample-tea", "sample-points", "sample-autumn"

PAGES = [
    "/admin/",
    "/admin/?range=yesterday",
    f"/admin/?range=30&account={ACCOUNT}&site={SITE}&scope=snsapi_userinfo",
    "/admin/search",
    "/admin/search?q=zzzz",
    "/admin/search?q=40029 40163",
    "/admin/search?q={part_of_nickname}",
    "/admin/scopes",
    "/admin/doctor",
    "/admin/tokens",
    "/admin/tokens/passes",
    f"/admin/tokens/{ACCOUNT}/pause",
    f"/admin/tokens/{ACCOUNT}/resume",
    "/admin/definitions",
    "/admin/users",
    "/admin/users?scope=explicit&token=needs_consent",
    "/admin/users?q=nobody-has-this-name",
    "/admin/users/{silent_user}",
    "/admin/users/{explicit_user}",
    "/admin/users/{explicit_user}/refresh",
    "/admin/users/{explicit_user}/check",
    "/admin/users/{explicit_user}/data.json",
    "/admin/users/{explicit_user}/forget",
    "/admin/users?contact=blocked",
    "/admin/users/{explicit_user}/contact",
    "/admin/users/{blocked_user}",
    "/admin/users/{blocked_user}/contact",
    "/admin/lists",
    "/admin/lists/new",
    "/admin/lists/{uploaded_list}",
    "/admin/lists/{uploaded_list}/match",
    "/admin/lists/{uploaded_list}/contact",
    "/admin/lists/{uploaded_list}/delete",
    "/admin/segments",
    "/admin/segments/new?scope=explicit",
    "/admin/segments/{segment}",
    "/admin/segments/{segment}/rename",
    "/admin/segments/{segment}/filters?scope=silent",
    "/admin/segments/{segment}/delete",
    "/admin/users?scope=explicit&over={segment}",
    "/admin/exports/new?segment={segment}&since={segment_export}",
    "/admin/exports/{changes_export}",
    "/admin/exports",
    "/admin/exports/new",
    "/admin/exports/new?scope=explicit&account=sample-tea",
    "/admin/exports/new/attempts?outcome=failed&site=sample-points",
    "/admin/exports/new/failures?range=30",
    "/admin/exports/verify",
    "/admin/exports/{done_export}",
    "/admin/exports/{underway_export}",
    "/admin/exports/{underway_export}/cancel",
    "/admin/attempts",
    "/admin/attempts?outcome=failed&site=sample-points",
    "/admin/attempts?ref=nobody-has-this-number",
    "/admin/attempts/{succeeded}",
    "/admin/attempts/{failed}",
    "/admin/attempts/{abandoned}",
    "/admin/attempts/{snapshot}",
    "/admin/attempts/AAAA-AAAA",
    "/admin/attempts/{failed}/notes",
    "/admin/live",
    "/admin/live?class=refused",
    "/admin/failures",
    "/admin/failures?range=30",
    "/admin/failures/40163",
    "/admin/failures/40125?range=30",
    "/admin/failures/symptom_white_page",
    "/admin/failures/page_redirect_uri",
    "/admin/failures/98765",
    "/admin/me",
    "/admin/me/password",
    "/admin/me/new-key",
    "/admin/me/keys/{own_key}/revoke",
    "/admin/me/sessions/{other_session}/end",
    "/admin/me/sessions/end-others",
    "/admin/me/two-step",
    "/admin/me/two-step/off",
    "/admin/accounts",
    "/admin/new/account",
    f"/admin/accounts/{ACCOUNT}",
    f"/admin/accounts/{ACCOUNT}/secret",
    f"/admin/accounts/{ACCOUNT}/check",
    f"/admin/accounts/{ACCOUNT}/disable",
    f"/admin/accounts/{ACCOUNT}/enable",
    "/admin/sites",
    "/admin/new/site",
    f"/admin/sites/{SITE}",
    f"/admin/sites/{SITE}/change",
    f"/admin/sites/{SITE}/key",
    f"/admin/sites/{OLDER_SITE}",
    f"/admin/sites/{OLDER_SITE}/handoff-key",
    f"/admin/sites/{SITE}/disable",
    f"/admin/sites/{SITE}/enable",
    "/admin/staff",
    "/admin/new/person",
    f"/admin/staff/{CAREFUL}",
    f"/admin/staff/{CAREFUL}/keys/{{others_key}}/revoke",
    f"/admin/staff/{DEVELOPER}/sites",
    f"/admin/staff/{CAREFUL}/two-step",
    f"/admin/staff/{CAREFUL}/reset",
    f"/admin/staff/{CAREFUL}/disable",
    "/admin/audit",
    "/admin/audit?kind=saw",
    f"/admin/audit?kind=changed&actor={ADMIN}",
    "/admin/notice",
    "/admin/notice/end",
    "/admin/no-such-page",
]
# As somebody of support has them: masked, and with a shorter menu; the last one is not for them.
OF_SUPPORT = [
    "/admin/",
    "/admin/users",
    "/admin/users/{explicit_user}",
    "/admin/users/{explicit_user}/reveal",
    "/admin/attempts/{failed}",
    "/admin/attempts/{failed}/reveal",
    "/admin/staff",
]
# Every other page answers 200.
REFUSED = {"/admin/attempts/AAAA-AAAA": 404, "/admin/no-such-page": 404, "/admin/staff": 403}
BEFORE_SIGNING_IN = ["/admin/sign-in", "/admin/sign-in?next=%2Fadmin%2Fusers", "/admin/sign-in/code"]


Known = Mapping[str, object]


def furnish(settings: Settings, password: str) -> Known:
    """Adds to sample data what it does not have: people, a note, keys, another browser, a pause. Gives what the
    addresses are filled in with."""
    keys = KeyRing(kept_secrets.secret_keys(settings, may_make=False))
    database = Database(settings.database)
    try:
        for name in (SUPPORT, CAREFUL):
            database.write_now(staff_services.add, name=name, role=Role.SUPPORT, password=password, actor=ADMIN)
        database.write_now(
            staff_services.add,
            name=DEVELOPER,
            role=Role.DEVELOPER,
            password=password,
            site_names=[SITE],
            actor=ADMIN,
        )
        return database.write_now(_furnished, keys)
    finally:
        database.close()


def _furnished(session: Session, keys: KeyRing) -> Known:
    admin, careful = _identity(session, ADMIN), _identity(session, CAREFUL)
    for owner in (admin, careful):
        staff_keys.make(session, owner, "晨报 morning report")
    totp.begin(session, keys, careful)
    session.execute(update(StaffTotp).values(confirmed_at=utcnow()))
    elsewhere = {"ip": "2001:db8:1234:5678:9abc:def0:1234:5678", "user_agent": "Mozilla/5.0 Firefox/130.0"}
    token = sessions.begin(session, admin.id, name=ADMIN, now=utcnow(), **elsewhere)
    attempts = {outcome.value: _newest(session, outcome).support_code for outcome in Outcome if outcome in _SHOWN}
    notes.add(session, attempts[Outcome.FAILED], "客户已致电，答应明天再试。\n" + "w" * 90, author=SUPPORT)
    pauses.pause(session, ACCOUNT, actor=ADMIN)
    # Some other process is at it.
    under_way = {"state": "running", "attempt": 1, "started_at": utcnow(), "expected": 900, "rows": 300}
    under_way |= {"node": 4_001, "lease_until": utcnow() + timedelta(hours=2)}
    sites.change(session, keys, OLDER_SITE, SiteForm(handoff="openid"), actor=ADMIN)
    explicit, silent = _user(session, User.nickname.is_not(None)), _user(session, User.nickname.is_(None))
    blocked = _user(session, and_(User.nickname.is_not(None), User.id != explicit.id))
    contact.mark(session, blocked.id, blocked=True, why="来电投诉短信过多，要求不再打扰 " + "w" * 60, actor=ADMIN)
    told = {"held": 12_345, "found": 11_800, "elsewhere": 300, "unreadable": 2, "unreadable_lines": [7, 1_234]}
    return {name: support_codes.show(code) for name, code in attempts.items()} | {
        "own_key": _key_of(session, admin.id),
        "others_key": _key_of(session, careful.id),
        "other_session": staff_sessions.mark(sha256(token)),
        "explicit_user": explicit.id,
        "silent_user": silent.id,
        "blocked_user": blocked.id,
        "uploaded_list": stored(session, lambda: UploadedListFactory(account_id=explicit.account_id, **told)).id,
        "done_export": stored(session, lambda: ExportPartFactory()).export_id,
        **_segments(session),
        "underway_export": stored(session, lambda: ExportFactory(**under_way)).id,
        "part_of_nickname": str(explicit.nickname)[:1],
    }


def _segments(session: Session) -> dict[str, object]:
    """A segment with an export of everybody and one of changes."""
    segment = stored(session, SegmentFactory)
    of_segment = {"done": True, "segment_id": segment.id, "segment": segment.name, "change_no": 1}
    whole = stored(session, lambda: ExportFactory(**of_segment))
    told = {"since_id": whole.id, "added": 1, "changed": 0, "gone": 1, "forgotten": 1, "format": "openids"}
    changes = stored(session, lambda: ExportFactory(**of_segment | told))
    stored(session, lambda: ExportPartFactory(export=changes, number=1, change="added", rows=1))
    stored(session, lambda: ExportPartFactory(export=changes, number=2, change="gone", rows=1))
    return {"segment": segment.id, "segment_export": whole.id, "changes_export": changes.id}


def _identity(session: Session, name: str) -> Identity:
    person = session.scalars(select(Staff).where(Staff.name == name)).one()
    return Identity(person.id, person.name, Role(person.role), None)


def _newest(session: Session, outcome: Outcome) -> Attempt:
    return session.scalars(select(Attempt).where(Attempt.outcome == outcome).order_by(Attempt.id.desc()).limit(1)).one()


def _user(session: Session, which: ColumnElement[bool]) -> User:
    return session.scalars(select(User).where(which).order_by(User.id.desc()).limit(1)).one()


def _key_of(session: Session, staff_id: int) -> int:
    return session.scalars(select(StaffKey.id).where(StaffKey.staff_id == staff_id)).one()
