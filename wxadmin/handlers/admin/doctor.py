"""The doctor's page (配置体检): from inside at once, from outside when somebody asks for it, and then as last seen."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from wxadmin.clock import milliseconds_between
from wxadmin.doctor import looking, remembering
from wxadmin.doctor.examining import examine
from wxadmin.doctor.findings import GRADE_WORDS, Grade
from wxadmin.doctor.picture import Picture
from wxadmin.handlers.admin.doctor_pages import form_for
from wxadmin.handlers.admin.durations import spoken, spoken_ms
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.job_words import JOBS, ROWS
from wxadmin.handlers.admin.menu import TOKEN_KEEPERS
from wxadmin.handlers.admin.tokens import current_standing
from wxadmin.handlers.arrival import arrival_of
from wxadmin.queries import house, outside_looks
from wxadmin.services.outside_looks import keep

_BADGES = {Grade.FATAL: "bad", Grade.ATTENTION: "wait", Grade.FINE: "ok"}


class Doctor(FormHandler):
    roles = TOKEN_KEEPERS

    async def get(self) -> None:
        """What was last seen from outside stays beside what is seen from inside now."""
        picture, last = await self._look(), await self.gateway.database.read(outside_looks.last)
        outside = remembering.read(last.seen) if last else None
        await self._answer(replace(picture, outside=outside), last.at if last and outside else None)

    async def save(self) -> None:
        """Asks WeChat and our own public address."""
        gateway = self.gateway
        picture = await looking.look_outside(await self._look(), gateway.database, gateway.keys)
        if picture.outside is not None:
            await gateway.database.write(keep, remembering.plain(picture.outside), at=picture.now)
        await self._answer(picture, picture.now)

    async def _look(self) -> Picture:
        standing = await current_standing(self.front)
        look = partial(
            looking.look,
            settings=self.front.settings,
            public_url=self.gateway.public_url,
            keys=self.gateway.keys,
            standing=standing,
        )
        return replace(await self.gateway.database.read(look), asked=arrival_of(self))

    async def _answer(self, picture: Picture, looked_at: datetime | None) -> None:
        findings = examine(picture)
        runs = await self.gateway.database.read(house.last_runs)
        self.show(
            "doctor/page.html",
            at=picture.now,
            looked_at=looked_at,
            grades={grade: [one for one in findings if one.grade is grade] for grade in Grade},
            grade_words=GRADE_WORDS,
            form_for=partial(form_for, role=self.identity.role),
            badges=_BADGES,
            language=self.language,
            jobs=[(name, runs.get(name)) for name in JOBS],
            job_words=JOBS,
            row_words=ROWS,
            ago=lambda since: spoken(since, picture.now, self.language),
            took=lambda run: spoken_ms(milliseconds_between(run.started_at, run.ended_at), self.language),
        )
