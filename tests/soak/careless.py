"""`wxadmin …` whose journal says that a login is stored before it is: the proof that the kill storm would notice."""

import asyncio
from typing import Any

from wxadmin import app
from wxadmin.__main__ import main
from wxadmin.journal import Journal
from wxadmin.services.logins import Login
from wxadmin.services.steps import Step

# About as long as a disk takes that is busy.
_LATE_S = 0.3


class CarelessJournal(Journal):
    """Answers a login at once and writes it behind the visitor's back."""

    async def write(self, step: Step[Any]) -> Any:
        if not isinstance(step, Login):
            return await super().write(step)
        asyncio.get_running_loop().call_later(
            _LATE_S, lambda: asyncio.ensure_future(super(CarelessJournal, self).write(step))
        )
        return 0


if __name__ == "__main__":
    app.Journal = CarelessJournal  # type: ignore[misc]
    main()
