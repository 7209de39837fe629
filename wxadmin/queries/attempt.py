"""One attempt with all of its steps, for whoever has its support code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import Account, Attempt, Class, Event, Outcome, Site, Stage, User
from wxadmin.queries.attempts import outcome_shown
from wxadmin.queries.masking import Field, Masks


class Missing(Enum):
    """Why there is nothing to show for a code that was typed right."""

    UNKNOWN = auto()
    NOT_YOURS = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the attempt."""

    at: datetime
    stage: str
    event_class: str
    code: str
    errmsg: str | None
    rid: str | None
    http_status: int | None
    duration_ms: int | None
    recovered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """What tells who the visitor is, as far as it is shown to whoever asks; `clear_until` is set where it is shown in
    the clear for a while."""

    ip: str | None
    ref: str | None
    user_id: int | None
    nickname: str | None
    openid: str | None
    # When their data were deleted; neither name nor openid is there then.
    forgotten_at: datetime | None
    clear_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptShown:
    """`personal` is None for those who may not see it."""

    id: int
    support_code: str
    outcome: str
    ended_by: str | None
    started_at: datetime
    returned_at: datetime | None
    ended_at: datetime | None
    redeemed_at: datetime | None
    recovered_at: datetime | None
    site_id: int | None
    account_id: int | None
    site: str | None
    site_name: str | None
    account: str | None
    account_name: str | None
    scope: str
    scope_granted: str | None
    channel: str | None
    return_url: str | None
    browser_family: str
    wechat_version: str | None
    # What the site is set to now.
    handoff: str | None
    needs_profile: bool
    personal: Personal | None
    steps: Sequence[Step]

    @property
    def is_kept_back(self) -> bool:
        """Whether the visitor got a page instead of the site, which takes nobody without a profile."""
        profiles = [step.event_class for step in self.steps if step.stage == Stage.USERINFO]
        is_missing = bool(profiles) and profiles[-1] == Class.FAILURE
        return self.outcome == Outcome.SUCCEEDED and self.needs_profile and is_missing and self.redeemed_at is None


def find(session: Session, support_code: str, *, among: frozenset[int] | None, masks: Masks) -> AttemptShown | Missing:
    """The attempt. Whoever is confined to some sites gets those of them alone, and nothing personal."""
    row = session.execute(
        select(
            *(Attempt, Site.title.label("site"), Site.name.label("site_name"), Site.handoff, Site.profile_required),
            *(Account.title.label("account"), Account.name.label("account_name"), User),
        )
        .outerjoin(Site, Site.id == Attempt.site_id)
        .outerjoin(Account, Account.id == Attempt.account_id)
        .outerjoin(User, User.id == Attempt.user_id)
        .where(Attempt.support_code == support_code)
    ).one_or_none()
    if row is None:
        return Missing.UNKNOWN
    attempt: Attempt = row.Attempt
    if among is not None and attempt.site_id not in among:
        return Missing.NOT_YOURS
    return AttemptShown(
        id=attempt.id,
        support_code=attempt.support_code,
        outcome=outcome_shown(attempt.outcome, is_refused_start=attempt.is_refused_start),
        ended_by=attempt.ended_by,
        started_at=attempt.started_at,
        returned_at=attempt.returned_at,
        ended_at=attempt.ended_at,
        redeemed_at=attempt.redeemed_at,
        recovered_at=attempt.recovered_at,
        site_id=attempt.site_id,
        account_id=attempt.account_id,
        site=row.site,
        site_name=row.site_name,
        account=row.account,
        account_name=row.account_name,
        scope=attempt.scope,
        scope_granted=attempt.scope_granted,
        channel=attempt.channel,
        return_url=attempt.return_url,
        browser_family=attempt.browser_family,
        wechat_version=attempt.wechat_version,
        handoff=row.handoff,
        needs_profile=bool(row.profile_required) and attempt.scope == "snsapi_userinfo",
        personal=None if among is not None else _personal(attempt, row.User, masks),
        steps=_steps(session, attempt.id),
    )


def is_there(session: Session, support_code: str) -> bool:
    """Whether there is an attempt with this code."""
    return session.scalar(select(Attempt.id).where(Attempt.support_code == support_code)) is not None


def _personal(attempt: Attempt, user: User | None, masks: Masks) -> Personal:
    of_them = masks.about(attempt.id, attempt.user_id)
    known = user if user is not None and user.forgotten_at is None else None
    return Personal(
        ip=of_them.shown(Field.IP, attempt.ip),
        ref=of_them.shown(Field.REF, attempt.ref),
        user_id=attempt.user_id,
        nickname=of_them.shown(Field.NICKNAME, known.nickname if known else None),
        openid=of_them.shown(Field.OPENID, known.openid if known else None),
        forgotten_at=user.forgotten_at if user else None,
        clear_until=masks.revealed_until(attempt.id, attempt.user_id),
    )


def _steps(session: Session, attempt_id: int) -> Sequence[Step]:
    """In the order of time; a repeated callback that was written down late stands where it happened."""
    columns = (Event.at, Event.stage, Event.event_class, Event.code, Event.errmsg, Event.rid)
    more = (Event.http_status, Event.duration_ms, Event.recovered)
    query = select(*columns, *more).where(Event.attempt_id == attempt_id).order_by(Event.at, Event.id)
    return [Step(*row) for row in session.execute(query)]
