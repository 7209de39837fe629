"""What stands in an entry of the audit log, in the words and by the clock of whoever reads it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from wxadmin.handlers.admin.durations import spoken_ms
from wxadmin.handlers.admin.export_words import DESTINATIONS, PURPOSES, SUBJECT_NAMES, filters_in_words
from wxadmin.handlers.admin.reason_words import ERASURE_WORDS, REASON_WORDS
from wxadmin.i18n import Language, msgid, translator
from wxadmin.queries.masking import Field
from wxadmin.queries.user_filters import Choices
from wxadmin.services.audit import COMMAND_LINE

_REASONS = {str(reason): words for reason, words in [*REASON_WORDS.items(), *ERASURE_WORDS.items()]}
_FIELDS = {
    Field.OPENID: "OpenID",
    Field.UNIONID: "UnionID",
    Field.NICKNAME: msgid("Nickname"),
    Field.AVATAR: msgid("Picture"),
    Field.IP: msgid("IP address"),
    Field.REF: msgid("Member reference"),
}
_SUBJECTS = {
    "users": msgid("Authorized users"),
    "attempts": msgid("Attempts"),
    "notice": msgid("Incident notice"),
    "user": msgid("Authorized user"),
    "attempt": msgid("Attempt"),
    "export": msgid("Export"),
}
_NAMED: Mapping[str, Mapping[str, str]] = {
    "subject": _SUBJECTS | {str(one): word for one, word in SUBJECT_NAMES.items()},
    "destination": {str(one): word.name for one, word in DESTINATIONS.items()},
    "purpose": {str(one): word for one, word in PURPOSES.items()},
}
# Subjects are names of accounts, sites and people, too: only with these actions are they one of those above.
_OF_LISTS = frozenset({"looked_up", "users_exported", "notice_changed", "notice_ended", "notice_set"})
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d[0-9:.]*[+-]\d\d:\d\d")
_LENGTH = re.compile(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)")
_NOBODY = Choices({}, {})


@dataclass(frozen=True, slots=True)
class Teller:
    """Says it in a language, with times of a zone."""

    lang: Language
    zone: tzinfo

    def actor(self, name: str) -> str:
        return self._say(msgid("command line")) if name == COMMAND_LINE else name

    def subject(self, action: str, subject: str) -> str:
        """What it was about: a list, one of a list by its number, or a name."""
        kind, _, name = subject.partition(" ")
        if name and kind in _SUBJECTS:
            return f"{self._say(_SUBJECTS[kind])} {name}"
        return self._say(_SUBJECTS[subject]) if action in _OF_LISTS and subject in _SUBJECTS else subject

    def details(self, text: str | None) -> list[tuple[str, str]]:
        """Names and values, lists joined to lines of text."""
        said: dict[str, Any] = json.loads(text) if text else {}
        return [(name, self._said(name, value)) for name, value in said.items() if value not in (None, [])]

    def _said(self, name: str, value: Any) -> str:
        if name == "by" and isinstance(value, list):
            return self._joined(self._say(_FIELDS[Field(one)]) if one in set(Field) else str(one) for one in value)
        if name == "filters" and isinstance(value, dict):
            return self._joined(f"{what}{self._colon}{one}" for what, one in self._filters(value)) or "—"
        if isinstance(value, str) and (word := _NAMED.get(name, {}).get(value)):
            return self._say(word)
        return self._plain(value)

    def _plain(self, value: Any) -> str:
        if isinstance(value, bool):
            return self._say(msgid("Yes") if value else msgid("No"))
        if isinstance(value, dict):
            return self._joined(f"{name}={one}" for name, one in value.items()) or "—"
        return self._joined(map(str, value)) if isinstance(value, list) else self._text(str(value))

    def _text(self, text: str) -> str:
        if text in _REASONS:
            return self._say(_REASONS[text])
        if _MOMENT.fullmatch(text):
            return f"{datetime.fromisoformat(text).astimezone(self.zone):%Y-%m-%d %H:%M}"
        if length := _LENGTH.fullmatch(text):
            days, hours, minutes, seconds = (int(part or 0) for part in length.groups())
            return spoken_ms(1_000 * (((days * 24 + hours) * 60 + minutes) * 60 + seconds), self.lang)
        return text

    def _filters(self, given: Mapping[str, str]) -> list[tuple[str, str]]:
        try:
            return filters_in_words(given, _NOBODY, self._say)
        except (KeyError, ValueError):
            # Of a version that had other filters.
            return list(given.items())

    def _joined(self, parts: Any) -> str:
        return ("、" if self.lang != "en" else ", ").join(parts)

    @property
    def _colon(self) -> str:
        return ": " if self.lang == "en" else "："

    @property
    def _say(self) -> Callable[[str], str]:
        return translator(self.lang).gettext
