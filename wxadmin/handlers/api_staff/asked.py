"""What calls of the staff API may be asked, as models: they check the query, and the OpenAPI document is of them."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SkipValidation

from wxadmin.exporting.subjects import SUBJECTS
from wxadmin.models import Class, Destination, ExportSubject, Format, Purpose, Stage
from wxadmin.models.export import LONGEST_NOTE
from wxadmin.models.segment import LONGEST_SEGMENT
from wxadmin.queries.token_states import TokenHealth
from wxadmin.queries.user_filters import Contact, GrantedScope, UnionidKnown
from wxadmin.queries.user_orders import Sort

Outcome = Literal[
    "succeeded", "waiting", "failed", "abandoned", "denied", "snapshot", "duplicate", "refused"
]  # fmt: skip
Scope = Literal["snsapi_base", "snsapi_userinfo"]
Family = Literal["wechat-android", "wechat-ios", "wechat-desktop", "wechat", "miniprogram", "wecom", "other"]
_YEARS = range(2000, 2091)


def _day(typed: Any) -> Any:
    """Only as 2026-11-20: other ways to write a day are read differently by different programs."""
    if not (isinstance(typed, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", typed, re.ASCII)):
        raise ValueError("a day such as 2026-11-20 is wanted")
    day = date.fromisoformat(typed)
    if day.year not in _YEARS:
        raise ValueError(f"the day lies between the years {_YEARS[0]} and {_YEARS[-1]}")
    return day


Day = Annotated[date, BeforeValidator(_day)]
Minute = Annotated[str, Field(pattern=r"^20[0-8][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]$")]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=128)]
_COLUMNS = sorted({name for subject in SUBJECTS.values() for name in subject.columns})
Column = Annotated[str, Field(json_schema_extra={"enum": list[Any](_COLUMNS)})]
Code = Annotated[str, Field(pattern=r"^(-?[0-9]{1,7}|gw_[a-z_]{1,29})$")]
Logins = Annotated[int, Field(ge=1, le=2_000_000_000)]
ListId = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]
Cursor = Annotated[str, Field(pattern=r"^[0-9]{1,18}$", description="`next` of the answer before")]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class UserFiltersAsked(_Asked):
    q: Text | None = Field(
        None,
        description=(
            "an openid or how it begins, a unionid, a member reference or a nickname; "
            "what is masked for your role has to be whole"
        ),
    )
    account: Name | None = None
    site: Name | None = Field(None, description="whoever ever came to it")
    channel: Name | None = None
    scope: GrantedScope | None = None
    token: TokenHealth | None = None
    first_from: Day | None = Field(None, description="first login on this day or later")
    first_to: Day | None = None
    last_from: Day | None = None
    last_to: Day | None = None
    came_from: Day | None = Field(
        None, description="a login on this day or later, through `site` and `channel` where they are given"
    )
    came_to: Day | None = None
    consent_from: Day | None = Field(None, description="whose consent to be asked for the profile ends then or later")
    consent_to: Day | None = None
    logins_min: Logins | None = Field(None, description="so many logins or more")
    logins_max: Logins | None = None
    unionid: UnionidKnown | None = Field(None, description="whether it is known")
    contact: Contact | None = Field(None, description="whether they may be contacted")
    only: ListId | None = Field(None, description="only whom the uploaded list of this number holds")
    without: ListId | None = Field(None, description="all but whom the uploaded list of this number holds")


class UsersAsked(UserFiltersAsked):
    sort: Sort = Field(Sort.LAST_LOGIN_NEWEST, description="newest first where it begins with a minus")
    cursor: Annotated[str, Field(pattern=r"^[0-9]{1,17}-[0-9]{1,19}$")] | None = Field(
        None, description="`next` of the answer before"
    )


class AttemptFiltersAsked(_Asked):
    outcome: Outcome | None = None
    site: Name | None = None
    account: Name | None = None
    scope: Scope | None = None
    browser: Family | None = None
    code: Code | None = Field(None, description="the errcode or reason that ended it")
    openid: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{20,64}$")] | None = None
    ref: Name | None = Field(None, description="the site's own number of the person, to the letter")
    ip: Annotated[str, Field(min_length=2, max_length=45)] | None = Field(None, description="the visitor's IP address")
    version: Annotated[str, Field(pattern=r"^[0-9.]{1,16}$")] | None = Field(
        None, description="how the version of WeChat begins"
    )
    since: Day | None = Field(None, alias="from")
    until: Day | None = Field(None, alias="to", description="this day included")
    around: Minute | None = Field(None, description="in place of days: a minute of the pages' zone and those near it")
    within: Literal["10", "30", "120"] | None = Field(None, description="so many minutes before and after it; 10")


class AttemptsAsked(AttemptFiltersAsked):
    cursor: Cursor | None = None


class FailuresAsked(_Asked):
    range: Literal["today", "yesterday", "7", "30"] = Field(
        "7", description="days, today included; one day by the hour"
    )
    since: Day | None = Field(
        None, alias="from", description="this day or later, in place of a range; at most 92 days by the day"
    )
    until: Day | None = Field(None, alias="to", description="this day included; it alone where no other is given")
    site: Name | None = None


class EventFiltersAsked(_Asked):
    stage: Stage | None = None
    event_class: Class | None = Field(None, alias="class")
    code: Code | None = None
    site: Name | None = None
    since: Day | None = Field(None, alias="from")
    until: Day | None = Field(None, alias="to", description="this day included")


class EventsAsked(EventFiltersAsked):
    cursor: Cursor | None = None


FILTERS_ASKED: dict[ExportSubject, type[BaseModel]] = {
    ExportSubject.USERS: UserFiltersAsked,
    ExportSubject.ATTEMPTS: AttemptFiltersAsked,
    ExportSubject.FAILURES: FailuresAsked,
    ExportSubject.EVENTS: EventFiltersAsked,
}


class ExportAsked(_Asked):
    subject: ExportSubject = Field(
        ExportSubject.USERS, description="what the rows tell of; all but users go to the destination other alone"
    )
    destination: Destination
    purpose: Purpose
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = Field("", description="wanted where the purpose is other")
    # Checked when the subject is known, whose list takes the same.
    filters: SkipValidation[UserFiltersAsked | AttemptFiltersAsked | FailuresAsked | EventFiltersAsked] = Field(  # type: ignore[assignment]
        default_factory=dict, description="those of the subject's list"
    )
    segment: Annotated[str, Field(min_length=1, max_length=LONGEST_SEGMENT)] | None = Field(
        None, description="the name of a segment, whose filters hold; no others beside it"
    )
    since: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] | None = Field(
        None,
        description=(
            "the id of a finished export of the same segment, or of the same filters: "
            "only who was added, changed or is gone since"
        ),
    )
    format: Format | None = Field(None, description="counts where the destination is other, and is wanted there")
    columns: list[Column] | None = Field(
        None, description="the same, of the subject; a list of openids, which is of users, has no others"
    )
    zone: Name | None = Field(None, description="of the moments in the file; that of the pages if left out")
    language: Literal["zh_CN", "en"] = Field("zh_CN", description="of the headings that people read")
    delete_after_download: bool = False
    with_blocked: bool = Field(False, description="also those who are not to be contacted, who are left out otherwise")


class SegmentsAsked(_Asked):
    cursor: Annotated[str, Field(min_length=1, max_length=LONGEST_SEGMENT)] | None = Field(
        None, description="`next` of the answer before"
    )


class ExportFileAsked(_Asked):
    part: Annotated[int, Field(ge=1, le=999_999)] = Field(1, description="the number of the file")
