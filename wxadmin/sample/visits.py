"""One visit as it unfolds: its attempt's row and what happened in it, in the shapes that services/*.py write."""

from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from wxadmin.models import Class, Outcome, Stage
from wxadmin.sample.bulk import Row
from wxadmin.sample.moments import PastIds, text, text_or_none
from wxadmin.sample.places import Place
from wxadmin.sample.troubles import Trouble

EVENT_COLUMNS = (
    *("id", "at", "account_id", "site_id", "attempt_id", "user_id", "scope", "browser_family", "stage", "event_class"),
    *("code", "errmsg", "rid", "http_status", "duration_ms", "outcome", "recovered", "new_user", "first_of_day"),
)
ATTEMPT_COLUMNS = (
    *("id", "support_code", "account_id", "site_id", "scope", "lang", "state_hash", "cookie_hash", "code_hash"),
    *("return_url", "nonce", "channel", "ref", "browser_family", "wechat_version", "ip"),
    *("started_at", "returned_at", "exchanged_at", "ended_at", "redeemed_at", "recovered_at"),
    *("outcome", "ended_by", "user_id", "scope_granted"),
)


class Happening(NamedTuple):
    """An event, without its id."""

    at: int
    account_id: int
    site_id: int | None
    attempt_id: int | None
    user_id: int | None
    scope: str
    browser_family: str
    stage: str
    event_class: str
    code: str
    errmsg: str | None
    rid: str | None
    http_status: int | None
    duration_ms: int | None
    outcome: str | None
    recovered: bool
    new_user: bool
    first_of_day: bool

    def row(self, ids: PastIds) -> Row:
        """In the order of EVENT_COLUMNS."""
        marks = (int(self.recovered), int(self.new_user), int(self.first_of_day))
        return (ids.draw(self.at), text(self.at), *self[1 : -len(marks)], *marks)


class Visitor(NamedTuple):
    """What a browser shows of itself."""

    browser_family: str
    wechat_version: str | None
    ip: str


@dataclass(slots=True)
class Visit:
    """Moments in microseconds. `now` moves on with each step."""

    id: int
    at: int
    place: Place
    visitor: Visitor
    scope: str
    path: str
    channel: str | None
    ref: str | None
    lang: str | None

    now: int = field(init=False)
    happenings: list[Happening] = field(default_factory=list)
    returned: int | None = None
    exchanged: int | None = None
    ended: int | None = None
    redeemed: int | None = None
    recovered: int | None = None
    outcome: str | None = None
    ended_by: str | None = None
    user_id: int | None = None

    def __post_init__(self) -> None:
        self.now = self.at

    @property
    def waited_ms(self) -> int:
        return (self.now - self.at) // 1000

    def record(
        self,
        stage: Stage,
        event_class: Class = Class.OK,
        *,
        trouble: Trouble | None = None,
        duration_ms: int | None = None,
        user_id: int | None = None,
        outcome: Outcome | None = None,
        recovered: bool = False,
        new_user: bool = False,
        first_of_day: bool = False,
    ) -> None:
        """Something happens now."""
        place, code, errmsg, rid, http_status = self.place, *(trouble or _NO_TROUBLE)
        self.happenings.append(
            Happening(
                at=self.now,
                account_id=place.account_id,
                site_id=place.site_id,
                attempt_id=self.id,
                user_id=user_id,
                scope=self.scope,
                browser_family=self.visitor.browser_family,
                stage=stage.value,
                event_class=event_class.value,
                code=code,
                errmsg=errmsg,
                rid=rid,
                http_status=http_status,
                duration_ms=duration_ms,
                outcome=outcome.value if outcome else None,
                recovered=recovered,
                new_user=new_user,
                first_of_day=first_of_day,
            )
        )

    def end(self, outcome: Outcome, ended_by: str | None = None) -> None:
        """The attempt gets its end now."""
        self.ended, self.outcome, self.ended_by = self.now, outcome.value, ended_by

    def row(self, support_code: str, rng: Random) -> Row:
        """In the order of ATTEMPT_COLUMNS. Hashes are of values that nobody ever had."""
        is_refused = self.returned is None and self.ended == self.at
        is_success = self.outcome == "succeeded"
        return (
            *(self.id, support_code, self.place.account_id, self.place.site_id, self.scope, self.lang),
            *((None, None) if is_refused else (rng.randbytes(32), rng.randbytes(32))),
            rng.randbytes(32) if self.returned is not None and self.outcome != "denied" else None,
            *(self.place.url + self.path, f"{rng.getrandbits(64):016x}", self.channel, self.ref),
            *self.visitor,
            *(text(self.at), text_or_none(self.returned), text_or_none(self.exchanged), text_or_none(self.ended)),
            *(text_or_none(self.redeemed), text_or_none(self.recovered)),
            *(self.outcome, self.ended_by, self.user_id, self.scope if is_success else None),
        )


_NO_TROUBLE = Trouble("")
