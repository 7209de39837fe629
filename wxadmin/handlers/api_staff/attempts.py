"""GET /api/v1/attempts and /api/v1/attempts/{support_code}: logins from the first click to the hand-off."""

from http import HTTPStatus

from wxadmin import support_codes
from wxadmin.handlers.admin.menu import NOT_MARKETERS
from wxadmin.handlers.api import Problem
from wxadmin.handlers.api_staff.answers import AttemptAnswer, AttemptItem, AttemptPage, PersonAnswer, StepAnswer
from wxadmin.handlers.api_staff.asked import AttemptsAsked
from wxadmin.handlers.api_staff.base import Nothing, StaffApiHandler
from wxadmin.handlers.base import checked_query
from wxadmin.queries import attempt, attempt_filters, attempts, places
from wxadmin.queries.attempt import AttemptShown, Missing, Personal, Step
from wxadmin.queries.attempt_filters import PERSONAL
from wxadmin.queries.attempts import AttemptRow
from wxadmin.queries.masking import Field
from wxadmin.services import lookups


class AttemptList(StaffApiHandler):
    roles = NOT_MARKETERS
    summary = "Attempts, newest first"
    asks = AttemptsAsked
    answers = AttemptPage

    async def get(self) -> None:
        asked, database = self.asked(AttemptsAsked), self.gateway.database
        by = [name for name in PERSONAL if getattr(asked, name) is not None]
        if by and self.identity.site_ids is not None:
            raise Problem(HTTPStatus.FORBIDDEN, f"{by[0]} is not for every role to look for")
        known = await database.read(places.all_places, among=self.identity.site_ids)
        given = {name: str(value) for name, value in asked.model_dump(by_alias=True, exclude_none=True).items()}
        with checked_query():
            filters = attempt_filters.read(given, known, self.front.zone, among=self.identity.site_ids)
        before = int(asked.cursor) if asked.cursor else None
        page = await database.read(attempts.page, filters, before=before)
        if masked := [name for name in by if not self.masks.is_clear(Field(name))]:
            found = [support_codes.show(row.support_code) for row in page.rows]
            await database.write(lookups.note, "attempts", by=masked, found=found, actor=self.identity.name)
        older = None if page.older is None else str(page.older)
        self.answer(AttemptPage(items=[_item(row) for row in page.rows], next=older))


class AttemptShow(StaffApiHandler):
    roles = NOT_MARKETERS
    summary = "One attempt with all of its steps, by its support code"
    asks = Nothing
    answers = AttemptAnswer

    async def get(self, typed: str) -> None:
        self.asked(self.asks)
        code = support_codes.read(typed)
        if code is None:
            raise self.missing("this support code is mistyped: it has eight signs, such as K7M2-Q9XD")
        among = self.identity.site_ids
        found = await self.gateway.database.read(attempt.find, code, among=among, masks=self.masks)
        if found is Missing.NOT_YOURS:
            raise Problem(HTTPStatus.FORBIDDEN, "this attempt belongs to a site that is not yours to see")
        if not isinstance(found, AttemptShown):
            raise self.missing("there is no attempt of this code here: it is another gateway's, or was removed")
        self.answer(_answer(found))


def _item(row: AttemptRow) -> AttemptItem:
    return AttemptItem(
        support_code=support_codes.show(row.support_code),
        outcome=row.shown_outcome,
        ended_by=row.ended_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
        recovered_at=row.recovered_at,
        scope=row.scope,
        browser=row.browser_family,
        wechat_version=row.wechat_version,
        site=row.site_name,
    )


def _answer(found: AttemptShown) -> AttemptAnswer:
    return AttemptAnswer(
        support_code=support_codes.show(found.support_code),
        outcome=found.outcome,
        ended_by=found.ended_by,
        started_at=found.started_at,
        ended_at=found.ended_at,
        recovered_at=found.recovered_at,
        scope=found.scope,
        browser=found.browser_family,
        wechat_version=found.wechat_version,
        site=found.site_name,
        account=found.account_name,
        returned_at=found.returned_at,
        redeemed_at=found.redeemed_at,
        scope_granted=found.scope_granted,
        channel=found.channel,
        return_url=found.return_url,
        person=_person(found.personal) if found.personal else None,
        steps=[_step(step) for step in found.steps],
    )


def _person(personal: Personal) -> PersonAnswer:
    return PersonAnswer(
        user_id=str(personal.user_id) if personal.user_id else None,
        openid=personal.openid,
        nickname=personal.nickname,
        ref=personal.ref,
        ip=personal.ip,
    )


def _step(step: Step) -> StepAnswer:
    return StepAnswer(
        at=step.at,
        stage=step.stage,
        event_class=step.event_class,
        code=step.code or None,
        errmsg=step.errmsg,
        rid=step.rid,
        http_status=step.http_status,
        duration_ms=step.duration_ms,
    )
