"""Forms of the dashboard: what was entered is shown again, with the refusal beside its field."""

from collections.abc import Awaitable, Callable
from gettext import NullTranslations
from http import HTTPStatus
from typing import Any

from tornado.escape import xhtml_escape

from wxadmin.errors import Refused
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.front import Front
from wxadmin.i18n import translator

Entered = str | list[str] | bool | None


def in_words(refused: Refused, words: NullTranslations) -> str:
    """The refusal in the reader's language."""
    text = words.gettext(refused.text)
    values = {
        name: in_words(value, words) if isinstance(value, Refused) else value for name, value in refused.values.items()
    }
    return text % values if values else text


class FormHandler(StaffHandler):
    """`get` shows the form; `save` does what the form asks for, and its refusal leads back to `get`."""

    get: Callable[..., Awaitable[None]]
    save: Callable[..., Awaitable[None]]

    def initialize(self, front: Front) -> None:
        super().initialize(front)
        self.faults: dict[str, str] = {}

    async def post(self, *path: str) -> None:
        try:
            await self.save(*path)
        except Refused as refused:
            self.set_status(HTTPStatus.BAD_REQUEST)
            self.faults[refused.field or ""] = in_words(refused, translator(self.language))
            await self.get(*path)

    def entered(self, name: str) -> str:
        """A field of one line, empty where it was left out."""
        return self.get_body_argument(name, "")

    def lines(self, name: str) -> list[str]:
        """A field of several lines, blank ones left out."""
        return [line.strip() for line in self.get_body_argument(name, "").splitlines() if line.strip()]

    def ticked(self, name: str) -> bool:
        return bool(self.get_body_arguments(name))

    def done(self, path: str) -> None:
        """Sends the browser to the page that shows what is now so; reloading it does nothing twice."""
        self.redirect(self.path(path), status=HTTPStatus.SEE_OTHER)

    def get_template_namespace(self) -> dict[str, Any]:
        return super().get_template_namespace() | {
            "entered": self._shown,
            "ticked": lambda name, stored: self.ticked(name) if self._is_sent else stored,
            "chosen": lambda name, stored: self.get_body_arguments(name) if self._is_sent else stored,
            "fault": self._fault,
            "faulty": self._faulty,
        }

    @property
    def _is_sent(self) -> bool:
        return self.request.method == "POST"

    def _shown(self, name: str, stored: str = "") -> str:
        return self.get_body_argument(name, "") if self._is_sent else stored

    def _faulty(self, name: str) -> str:
        """The attributes of a field that was refused."""
        return f'aria-invalid="true" aria-describedby="{name}-fault"' if name in self.faults else ""

    def _fault(self, name: str = "") -> str:
        """The refusal of a field; without a name, that of the form as a whole."""
        if name not in self.faults:
            return ""
        return f'<p class="error" id="{name or "form"}-fault" role="alert">{xhtml_escape(self.faults[name])}</p>'
