"""One attempt: what came of it, everything that happened to it, what stands beside it, and what to send on."""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from tornado.web import HTTPError

from wxadmin import support_codes
from wxadmin.clock import utcnow
from wxadmin.handlers.admin import attempt_texts, callbacks, causes, remedies
from wxadmin.handlers.admin.durations import spoken
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import NOT_DEVELOPERS, NOT_MARKETERS
from wxadmin.handlers.admin.reason_words import REASON_WORDS
from wxadmin.handlers.admin.timelines import timeline
from wxadmin.handlers.admin.verdicts import entry_of, verdict
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Outcome
from wxadmin.queries import attempt, attempt_company, masking, past_troubles
from wxadmin.queries.attempt import AttemptShown, Missing
from wxadmin.queries.hours import Part
from wxadmin.services import notes
from wxadmin.vocabulary import BROWSERS, OUTCOMES, SCOPES
from wxadmin.wechat import errcodes
from wxadmin.wechat.errcodes import Entry

_NOT_FOUND = {
    Missing.UNKNOWN: (
        HTTPStatus.NOT_FOUND,
        msgid("There is no attempt of this number"),
        msgid(
            "The number is typed right. Its attempt is of another gateway, or was removed: attempts are kept for "
            "%(days)d days."
        ),
    ),
    Missing.NOT_YOURS: (
        HTTPStatus.FORBIDDEN,
        msgid("This attempt is not yours to see"),
        msgid("It belongs to a site that you are not a developer of. An administrator can add you there."),
    ),
}
_MISTYPED = (
    HTTPStatus.NOT_FOUND,
    msgid("This number is mistyped"),
    msgid("A support code has eight signs, such as K7M2-Q9XD, and these do not fit together. Ask for it again."),
)


class AttemptShow(FormHandler):
    """The verdict first, then the steps, then the facts."""

    roles = NOT_MARKETERS

    async def get(self, typed: str) -> None:
        code = support_codes.read(typed)
        if code is None:
            self._not_found(typed, _MISTYPED)
            return
        found = await self.gateway.database.read(
            attempt.find, code, among=self.identity.site_ids, masks=await self.masks_for_one()
        )
        if isinstance(found, Missing):
            self._not_found(typed, _NOT_FOUND[found])
        elif typed != (proper := support_codes.show(code)):
            self.redirect(self.path(f"/admin/attempts/{quote(proper)}"))
        else:
            await self._show(found)

    async def save(self, typed: str) -> None:
        """There is nothing to send to the page itself."""
        raise HTTPError(HTTPStatus.METHOD_NOT_ALLOWED)

    async def _show(self, found: AttemptShown) -> None:
        now, lang = utcnow(), self.language
        other: Language = "zh_CN" if lang == "en" else "en"
        proper = support_codes.show(found.support_code)
        address = self.gateway.public_url + f"/admin/attempts/{proper}"
        entry, role = entry_of(found), self.identity.role
        is_over = await self._is_over(found, entry, now)
        self.show(
            "attempts/show.html",
            shown=found,
            code=proper,
            verdict=verdict(found, lang, now),
            causes=causes.likely(found, lang),
            replies={one: attempt_texts.reply(found, one, is_over=is_over) for one in (lang, other)},
            for_engineers=attempt_texts.for_engineers(found, lang=lang, zone=self.front.zone, now=now, address=address),
            lines=timeline(found, lang, now),
            callbacks=callbacks.side_by_side(found, lang),
            to_the_millisecond=self._to_the_millisecond,
            outcome=OUTCOMES[found.outcome],
            outcomes=OUTCOMES,
            browsers=BROWSERS,
            scopes=SCOPES,
            is_over=is_over,
            remedy=remedies.remedy_for(entry, role, lang) if entry else "",
            leads=remedies.leads(entry, role, lang, account=found.account_name) if entry else [],
            company=await self._company(found),
            show_code=support_codes.show,
            title_of=lambda ended_by: errcodes.find(ended_by, "any").title(lang),
            waited=lambda row: spoken(row.started_at, row.ended_at or now, lang),
            longest_note=notes.LONGEST,
            may_reveal=self.identity.role in masking.REVEALERS,
            reasons=REASON_WORDS,
        )

    async def _is_over(self, found: AttemptShown, entry: Entry | None, now: datetime) -> bool:
        """Whether what this attempt failed of is past at its site, or for its account where it has no site."""
        if entry is None or not entry.passes or found.outcome == Outcome.SUCCEEDED:
            return False
        if found.site_id is None and found.account_id is None:
            return False
        part = Part(frozenset({found.site_id})) if found.site_id is not None else Part(account_id=found.account_id)
        return await self.gateway.database.read(
            past_troubles.is_over, entry.code, part, since=found.started_at, now=now
        )

    async def _company(self, found: AttemptShown) -> attempt_company.Company | None:
        """None for those who may not see who somebody is: neither whose logins belong together."""
        if not self._sees_people:
            return None
        return await self.gateway.database.read(attempt_company.find, found.support_code)

    @property
    def _sees_people(self) -> bool:
        return self.identity.role in NOT_DEVELOPERS

    def _to_the_millisecond(self, at: datetime) -> str:
        local = at.astimezone(self.front.zone)
        return f"{local:%H:%M:%S}.{local.microsecond // 1_000:03}"

    def _not_found(self, typed: str, why: tuple[HTTPStatus, str, str]) -> None:
        status, title, what_to_do = why
        self.set_status(status)
        words = translator(self.language)
        told = words.gettext(what_to_do) % {"days": self.front.settings.keep_events_days}
        self.show("attempts/missing.html", title=words.gettext(title), what_to_do=told, typed=typed)


class AttemptNoteAdd(AttemptShow):
    """Keeps a note; one that is refused stands in its form below the attempt."""

    roles = NOT_MARKETERS & NOT_DEVELOPERS

    async def save(self, typed: str) -> None:
        code = support_codes.read(typed)
        if code is None or not await self.gateway.database.read(attempt.is_there, code):
            raise HTTPError(HTTPStatus.NOT_FOUND)
        await self.gateway.database.write(notes.add, code, self.entered("text"), author=self.identity.name)
        self.done(f"/admin/attempts/{support_codes.show(code)}#notes")
