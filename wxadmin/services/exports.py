"""What leaves the house as a file is on record: who asked for which export, what for, and who took its files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from wxadmin.clock import utcnow
from wxadmin.errors import BadValue
from wxadmin.exporting import columns
from wxadmin.exporting.destinations import SHAPES
from wxadmin.exporting.subject import Asking, Given
from wxadmin.exporting.subjects import SUBJECTS
from wxadmin.i18n import msgid
from wxadmin.ids import draw_rare
from wxadmin.models import (
    Account,
    Destination,
    Export,
    ExportPart,
    ExportState,
    ExportSubject,
    Format,
    Purpose,
    Role,
    Segment,
    Site,
)
from wxadmin.models.export import LONGEST_NOTE
from wxadmin.queries import earlier_exports, masking, uploaded
from wxadmin.queries.user_filters import UserFilters, choices
from wxadmin.services import audit

# A browser that was cut off at its last bytes may still come back for them.
_KEPT_AFTER_DOWNLOAD = timedelta(minutes=10)
# What may name somebody.
_PERSONAL = frozenset({"q", "openid", "ref", "ip"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportForm:
    """As entered; filters as a query string has them. `format` and `columns` count only where the destination leaves
    them open."""

    subject: str = ExportSubject.USERS
    destination: str
    purpose: str
    filters: Given
    filter_zone: str
    zone: str
    language: str
    note: str = ""
    format: str = ""
    columns: tuple[str, ...] = ()
    delete_after_download: bool = False
    with_blocked: bool = False
    # The segment that the filters are of, and the number of an export that only the changes since are wanted of.
    segment: Segment | None = None
    since: int | None = None


def note(session: Session, export_id: int, form: ExportForm, *, rows: int, actor: str) -> None:
    """Records who wrote how many rows, by which filters. A search may be somebody's name, so only that there was one
    is kept."""
    told = {"rows": rows, "filters": unnamed(form.filters)}
    if form.subject == ExportSubject.USERS:
        audit.record(session, actor, "users_exported", f"export {export_id}", **told)
    else:
        audit.record(session, actor, "rows_exported", f"export {export_id}", **told)


def unnamed(filters: Mapping[str, str]) -> dict[str, str]:
    """The filters without what was searched for."""
    return {name: "…" if name in _PERSONAL else value for name, value in filters.items()}


def drafted(session: Session, form: ExportForm, *, actor: str, role: Role | None) -> Export:
    """The export that the form asks for, stored nowhere yet. Raises BadValue, NoSuchAccount, NoSuchSite, NoSuchList."""
    now = utcnow()
    subject = _subject(form.subject)
    destination = _destination(form.destination, subject)
    shape = SHAPES[destination]
    chosen = shape.format or _format(form.format, subject)
    names = shape.columns or (("openid",) if chosen is Format.OPENIDS else form.columns)
    shown = [column.name for column in columns.named(SUBJECTS[subject].columns, names)]
    masks = masking.of_role(role) if role else masking.CLEAR
    given = SUBJECTS[subject].checked(session, form.filters, Asking(ZoneInfo(form.filter_zone), now, masks))
    given = _of_one_account(session, given, chosen, shown)
    is_of_users = subject is ExportSubject.USERS
    return Export(
        id=draw_rare(),
        asked_at=now,
        asked_by=actor,
        role=role,
        subject=subject,
        destination=destination,
        format=chosen,
        columns=",".join(shown),
        filters=json.dumps(given, ensure_ascii=False),
        filter_zone=form.filter_zone,
        zone=_zone(form.zone),
        language=form.language,
        purpose=_purpose(form.purpose),
        note=_note(form),
        delete_after_download=form.delete_after_download,
        # Where the filters say which of them are meant, nothing is left to be said.
        with_blocked=is_of_users and form.with_blocked and "contact" not in given,
        lists=_lists(session, given) if is_of_users else None,
        state=ExportState.WAITING,
        cancel_asked=False,
        attempt=0,
        rows=0,
        dropped=0,
        segment_id=form.segment.id if form.segment else None,
        segment=form.segment.name if form.segment else None,
        since_id=_since(session, form, given),
    )


def ask(session: Session, form: ExportForm, *, actor: str, role: Role) -> Export:
    """Puts an export on the list of those that are to be made, and gives it back. Raises BadValue, NoSuchAccount,
    NoSuchSite, NoSuchList."""
    export = drafted(session, form, actor=actor, role=role)
    session.add(export)
    told: dict[str, object] = {
        "subject": export.subject,
        "destination": export.destination,
        "purpose": export.purpose,
        "note": export.note or None,
    }
    if export.with_blocked:
        told["with_blocked"] = True
    told |= {"segment": export.segment} if export.segment else {}
    told |= {"changes_since": export.since_id} if export.since_id else {}
    filters = unnamed(json.loads(export.filters))
    audit.record(session, actor, "export_asked", f"export {export.id}", **told, filters=filters)
    return export


def cancel(session: Session, export_id: int, *, actor: str) -> bool:
    """Asks whoever works at it to stop; whether there was anything to be stopped."""
    export = session.scalars(select(Export).where(Export.id == export_id).with_for_update()).one_or_none()
    if export is None or export.state not in {ExportState.WAITING, ExportState.RUNNING}:
        return False
    export.cancel_asked = True
    if export.state == ExportState.WAITING:
        export.state, export.ended_at = ExportState.CANCELLED, utcnow()
        export.filters = json.dumps(unnamed(json.loads(export.filters)), ensure_ascii=False)
    audit.record(session, actor, "export_cancelled", f"export {export_id}")
    return True


def taken(session: Session, export_id: int, number: int, *, start: int, actor: str) -> None:
    """Records that somebody takes a file, or goes on taking it from that byte."""
    told = {"part": number} | ({"from_byte": start} if start else {})
    audit.record(session, actor, "export_downloaded", f"export {export_id}", **told)


def sent(session: Session, export_id: int, number: int, *, start: int, end: int) -> None:
    """Bytes of a file have gone out. When all of all files have, an export that is not to be kept goes soon."""
    part = session.get(ExportPart, (export_id, number), with_for_update=True)
    if part is None or start > part.sent:
        return
    part.sent = max(part.sent, end)
    session.flush()
    missing = select(ExportPart).where(ExportPart.export_id == export_id, ExportPart.sent < ExportPart.size)
    if session.scalars(missing.limit(1)).first() is None:
        _go_soon(session, export_id, utcnow() + _KEPT_AFTER_DOWNLOAD)


def _go_soon(session: Session, export_id: int, until: datetime) -> None:
    is_to_go = (Export.id == export_id, Export.delete_after_download.is_(True), Export.kept_until > until)
    session.execute(update(Export).where(*is_to_go).values(kept_until=until))


def _since(session: Session, form: ExportForm, given: Given) -> int | None:
    """The earlier export, if it can be compared with."""
    if form.segment and form.subject != ExportSubject.USERS:
        raise BadValue(msgid("a segment is of users"), field="segment")
    if form.since is None:
        return None
    earlier = session.get(Export, form.since)
    if earlier is None or earlier.state != ExportState.DONE or earlier.change_no is None:
        refusal = msgid("there is no finished export of this number, or it is not known whom it held")
        raise BadValue(refusal, field="since")
    segment_id = form.segment.id if form.segment else None
    if earlier.subject != form.subject or not earlier_exports.is_of(earlier, given, segment_id):
        refusal = msgid("that export was of other filters: choose one of the same segment, or of the same filters")
        raise BadValue(refusal, field="since")
    if earlier_exports.account_of(earlier) != given.get("account"):
        refusal = msgid("that export was of another service account, or of several: an OpenID means nothing to another")
        raise BadValue(refusal, field="since")
    return earlier.id


def _of_one_account(session: Session, given: Given, chosen: Format, names: list[str]) -> Given:
    """OpenIDs of two accounts never stand in one file without saying which is whose: a list of nothing else is always
    of one account."""
    if given.get("account") or "openid" not in names:
        return given
    if site := given.get("site"):
        of_site = select(Account.name).join(Site, Site.account_id == Account.id).where(Site.name == site)
        return {**given, "account": session.scalars(of_site).one()}
    accounts = choices(session, UserFilters()).accounts
    if len(accounts) > 1 and chosen is Format.OPENIDS:
        raise BadValue(msgid("choose one service account: an OpenID means nothing to another"), field="account")
    if len(accounts) > 1 and "account" not in names:
        raise BadValue(msgid("choose one service account, or add the column that says which it is"), field="columns")
    return {**given, "account": next(iter(accounts))} if len(accounts) == 1 else given


def _lists(session: Session, given: Given) -> dict[str, Any] | None:
    """The uploaded lists that are asked for, as they are now: the receipt may outlive them."""
    filters = UserFilters.read(given)
    asked = [one for one in (filters.only, filters.without) if one is not None]
    return {str(one): uploaded.told(uploaded.find(session, one)).stored for one in asked} or None


def _subject(entered: str) -> ExportSubject:
    if entered not in set(ExportSubject):
        raise BadValue(msgid("choose what the rows tell of"), field="subject")
    return ExportSubject(entered)


def _destination(entered: str, subject: ExportSubject) -> Destination:
    if entered not in set(Destination):
        raise BadValue(msgid("choose where the file goes"), field="destination")
    if subject is not ExportSubject.USERS and entered != Destination.OTHER:
        raise BadValue(msgid("only lists of users go there"), field="destination")
    return Destination(entered)


def _format(entered: str, subject: ExportSubject) -> Format:
    if entered not in set(Format) or (subject is not ExportSubject.USERS and entered == Format.OPENIDS):
        raise BadValue(msgid("choose a format"), field="format")
    return Format(entered)


def _purpose(entered: str) -> Purpose:
    if entered not in set(Purpose):
        raise BadValue(msgid("choose what it is for"), field="purpose")
    return Purpose(entered)


def _note(form: ExportForm) -> str:
    entered = " ".join(form.note.split())
    if len(entered) > LONGEST_NOTE or not entered.isprintable():
        raise BadValue(msgid("the note has at most %(longest)d characters"), field="note", longest=LONGEST_NOTE)
    if form.purpose == Purpose.OTHER and not entered:
        raise BadValue(msgid("say in the note what it is for"), field="note")
    return entered


def _zone(entered: str) -> str:
    try:
        return ZoneInfo(entered).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadValue(msgid("%(zone)s is no time zone such as Asia/Shanghai"), field="zone", zone=entered) from None
