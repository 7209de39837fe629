"""What calls of the staff API answer. Ids are text: they have more digits than JavaScript's numbers hold. Accounts and
sites go by their names, as filters take them. What is masked for a role is masked here."""

from datetime import date, datetime

from pydantic import BaseModel, Field

_NEXT = Field(description="the cursor of the next page; null where this was the last. A page may be short, or empty")


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str | None = Field(None, description="what to change")
    reason: str | None = Field(None, description="a stable word for programs")
    request_id: str


class UserItem(BaseModel):
    id: str
    openid: str | None
    unionid: str | None
    nickname: str | None
    scopes: list[str]
    token: str
    account: str
    site: str = Field(description="of the last login")
    channel: str | None = Field(description="of the last login")
    ref: str | None = Field(description="the site's own number of the person, at the last login that had one")
    logins: int
    first_seen_at: datetime
    last_login_at: datetime
    blocked: bool = Field(description="not to be contacted")


class UserPage(BaseModel):
    items: list[UserItem]
    next: str | None = _NEXT


class TokenAnswer(BaseModel):
    state: str
    expires_at: datetime
    consent_ends_at: datetime
    refreshed_at: datetime | None
    last_code: str | None


class OtherIdentity(BaseModel):
    id: str
    openid: str | None
    nickname: str | None
    account: str
    last_login_at: datetime


class CameThrough(BaseModel):
    site: str
    channel: str | None
    ref: str | None
    logins: int
    first_at: datetime
    last_at: datetime


class GrantAnswer(BaseModel):
    scope: str
    at: datetime | None = Field(description="null where it is not known since when")
    site: str | None = Field(description="by which it was asked for; null where that is no longer kept")
    is_first: bool = Field(description="false where it may have been granted before, by an attempt that is gone")


class UserAnswer(BaseModel):
    id: str
    openid: str | None
    unionid: str | None
    nickname: str | None
    headimgurl: str | None
    ref: str | None
    scopes: list[str]
    grants: list[GrantAnswer] = Field(description="of each scope, the first time")
    account: str
    profile_at: datetime | None
    first_seen_at: datetime
    last_login_at: datetime
    logins: int
    blocked_at: datetime | None = Field(description="since when they are not to be contacted")
    blocked_by: str | None = Field(description="who of the staff, or which site, has said so")
    blocked_why: str | None
    token: TokenAnswer | None
    others: list[OtherIdentity] = Field(description="under the same unionid")
    came_through: list[CameThrough]


class AttemptItem(BaseModel):
    support_code: str
    outcome: str
    ended_by: str | None
    started_at: datetime
    ended_at: datetime | None
    recovered_at: datetime | None
    scope: str
    browser: str
    wechat_version: str | None
    site: str | None


class AttemptPage(BaseModel):
    items: list[AttemptItem]
    next: str | None = _NEXT


class PersonAnswer(BaseModel):
    user_id: str | None
    openid: str | None
    nickname: str | None
    ref: str | None
    ip: str | None


class StepAnswer(BaseModel):
    at: datetime
    stage: str
    event_class: str = Field(serialization_alias="class")
    code: str | None
    errmsg: str | None
    rid: str | None
    http_status: int | None
    duration_ms: int | None


class AttemptAnswer(AttemptItem):
    account: str | None
    returned_at: datetime | None
    redeemed_at: datetime | None
    scope_granted: str | None
    channel: str | None
    return_url: str | None
    person: PersonAnswer | None = Field(description="null where your role sees nothing personal")
    steps: list[StepAnswer]


class FailureItem(BaseModel):
    code: str
    stage: str
    event_class: str = Field(serialization_alias="class")
    title: str
    side: str = Field(description="whose affair it is")
    count: int
    by_bucket: list[int] = Field(description="between the `bounds` of the answer")
    people: int
    people_is_all: bool = Field(description="false where there are more than were looked at")


class FailurePage(BaseModel):
    bounds: list[datetime]
    items: list[FailureItem]
    next: None = None


class AccountTokens(BaseModel):
    account: str
    states: dict[str, int]


class TokenSummary(BaseModel):
    at: datetime
    tokens: int
    valid: int
    states: dict[str, int]
    ending_soon: int = Field(description="explicit consents that end within 3 days")
    ending: dict[date, int] = Field(description="explicit consents that end, by day")
    lag_seconds: float = Field(description="how long the longest overdue token has waited for its refresh")
    accounts: list[AccountTokens]


class EventItem(BaseModel):
    id: str
    at: datetime
    stage: str
    event_class: str = Field(serialization_alias="class")
    code: str | None
    errmsg: str | None
    rid: str | None
    http_status: int | None
    duration_ms: int | None
    scope: str
    browser: str
    outcome: str | None = Field(description="the end that it gave its attempt")
    user_id: str | None
    support_code: str | None
    site: str | None
    account: str | None


class EventPage(BaseModel):
    items: list[EventItem]
    next: str | None = _NEXT


class SegmentItem(BaseModel):
    id: str
    name: str
    filters: dict[str, str]
    filter_zone: str = Field(description="where the days of the filters begin")
    users: int | None = Field(
        description="so many fit at least; null where the filters name what is not there any more"
    )
    users_is_all: bool = Field(description="false where there are more, or may be")
    made_by: str
    made_at: datetime
    changed_by: str
    changed_at: datetime


class SegmentPage(BaseModel):
    items: list[SegmentItem]
    next: str | None = _NEXT


class ExportedChanges(BaseModel):
    since: str = Field(description="the id of the earlier export")
    added: int | None
    changed: int | None
    gone: int | None
    forgotten: int | None = Field(description="gone as well, and in no file: their personal data were deleted")


class ExportedFile(BaseModel):
    number: int
    change: str | None = Field(description="added or gone, where the file is of those alone")
    name: str
    rows: int
    bytes: int
    sha256: str


class ExportAnswer(BaseModel):
    id: str
    state: str = Field(description="waiting, running, done, failed or cancelled")
    failure: str | None
    subject: str = Field(description="what the rows tell of")
    destination: str
    format: str
    columns: list[str]
    segment: str | None = Field(description="what it was called then")
    changes: ExportedChanges | None = Field(description="null where it is of everybody")
    filters: dict[str, str] = Field(description="what was searched for is not told")
    purpose: str
    note: str | None
    zone: str
    masks: str = Field(description="the role whose masks lie over it; none for the command line")
    asked_by: str
    asked_at: datetime
    data_as_of: datetime | None
    expected: int | None = Field(description="rows, once they are counted")
    rows: int = Field(description="that are written so far")
    with_blocked: bool = Field(description="whether those who are not to be contacted are in it too")
    left_out: int | None = Field(description="how many of them were left out")
    files: list[ExportedFile]
    kept_until: datetime | None
    deleted_at: datetime | None
    withdrawn_at: datetime | None
