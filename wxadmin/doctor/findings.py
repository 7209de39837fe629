"""What a check comes to: how grave it is, what is wrong in words, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wxadmin.doctor.console_menus import Menu
from wxadmin.i18n import Language, msgid, translator


class Grade(StrEnum):
    """FATAL keeps visitors from logging in, or puts secrets at risk; ATTENTION will hurt some day; FINE was looked at,
    and is as it should be."""

    FATAL = "fatal"
    ATTENTION = "attention"
    FINE = "fine"


GRADE_WORDS = {
    Grade.FATAL: msgid("Must be fixed"),
    Grade.ATTENTION: msgid("To be looked at"),
    Grade.FINE: msgid("Passed"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` names what was looked at, and stays the same whatever comes of it; `about` is the account, site or
    setting where there are several. `what` and `remedy` are msgids with places for `values`. `paste` is to be entered
    exactly so, under `menu` where that is one of WeChat's console."""

    check: str
    grade: Grade
    what: str
    remedy: str = ""
    about: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    paste: str = ""
    menu: Menu | None = None

    def said(self, lang: Language) -> str:
        """What there is to say."""
        return translator(lang).gettext(self.what) % self.values

    def advice(self, lang: Language) -> str:
        """What to do; empty where nothing is to be done."""
        return translator(lang).gettext(self.remedy) % self.values if self.remedy else ""


def fatal(check: str, what: str, remedy: str, **more: object) -> Finding:
    return _finding(check, Grade.FATAL, what, remedy, more)


def attention(check: str, what: str, remedy: str, **more: object) -> Finding:
    return _finding(check, Grade.ATTENTION, what, remedy, more)


def fine(check: str, what: str, **more: object) -> Finding:
    return _finding(check, Grade.FINE, what, "", more)


def _finding(check: str, grade: Grade, what: str, remedy: str, more: dict[str, object]) -> Finding:
    """Whatever is no field of a finding is one of its values."""
    own = {name: more.pop(name) for name in ("about", "paste", "menu") if name in more}
    return Finding(check, grade, what, remedy, values=more, **own)  # type: ignore[arg-type]
