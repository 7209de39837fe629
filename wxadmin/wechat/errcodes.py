"""The catalogue of errcodes, of WeChat's page texts, of the gateway's own reasons and of symptoms: what they mean, what
to do, what to tell the visitor."""

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one code means at one stage; `any` stands for every stage without a row of its own.

    Stage `authorize` is WeChat's own page and `symptom` is what people complain of: neither ever reaches a gateway.
    `related` are the codes that are often behind it.
    """

    code: str
    stage: str
    errmsg: str
    title_en: str
    title_zh: str
    meaning_en: str
    meaning_zh: str
    side: str
    class_: str
    retry: str
    remedy_en: str
    remedy_zh: str
    confidence: str
    reply_en: str
    reply_zh: str
    related: tuple[str, ...] = ()

    @property
    def is_for_admins(self) -> bool:
        """Whether nobody but the gateway's administrator can do what the remedy says, which does not say so itself."""
        return self.code in _FOR_ADMINS and self.stage not in _BY_THEMSELVES

    @property
    def wants_secret(self) -> bool:
        """Whether the account's AppSecret has to be entered anew."""
        return self.code in _OF_SECRETS and self.stage == "exchange"

    @property
    def passes(self) -> bool:
        """Whether the next login may work once something else has been put right: nothing of the visitor's doing."""
        return self.side != "user" and self.class_ in {"config", "transient", "quota"}

    def title(self, lang: str) -> str:
        """A few words, for lists; `lang` is `en` or one of the Chinese ones."""
        return self.title_zh if lang.startswith("zh") else self.title_en

    def meaning(self, lang: str) -> str:
        """What happened."""
        return self.meaning_zh if lang.startswith("zh") else self.meaning_en

    def remedy(self, lang: str) -> str:
        """What to do about it."""
        return self.remedy_zh if lang.startswith("zh") else self.remedy_en

    def reply(self, lang: str) -> str:
        """What support sends to the visitor who met it: no word of the trade."""
        return self.reply_zh if lang.startswith("zh") else self.reply_en


_ADMINS = (
    "10003 10005 10012 10016 40001 40002 40013 40066 40125 40164 40243 41002 41004 41018 43001 43002 43003 45009 45011 "
    "45035 47001 48001 50002 61004 61006 61024 89506 89507 page_scope "
    "gw_connect gw_return_url_refused gw_account_off gw_key_missing gw_overloaded"
)
_FOR_ADMINS = frozenset(_ADMINS.split())
# A missing profile is looked into by whoever has the attempt before them.
_BY_THEMSELVES = frozenset({"userinfo", "symptom"})
_OF_SECRETS = frozenset({"40001", "40125", "41004"})


class Verdict(StrEnum):
    """What a failed refresh says about the token; see facts.md, section 3."""

    PERMANENT = "permanent"
    """The token is dead: the user has to consent again."""
    CONFIG = "config"
    """Every token of the account would fail alike: pause the account."""
    TRANSIENT = "transient"
    """It passes by itself: back off."""
    QUOTA_DAY = "quota_day"
    """No more calls today."""
    UNREADABLE = "unreadable"
    """No call was made: the key that the token is sealed under is not here."""
    UNKNOWN = "unknown"
    """Back off, and call the token dead only after a day of it."""


_VERDICTS = {
    Verdict.PERMANENT: "40029 40030 42002 42007 50001",
    # gw_account_off is what the client says of sample data.
    Verdict.CONFIG: "40013 40164 41003 43003 48004 50002 gw_account_off",
    Verdict.TRANSIENT: "-1 45011 gw_timeout gw_connect gw_bad_reply gw_http_status",
    Verdict.QUOTA_DAY: "45009",
    Verdict.UNREADABLE: "gw_key_missing",
}
_VERDICT_OF = {code: verdict for verdict, codes in _VERDICTS.items() for code in codes.split()}


def refresh_verdict(code: str) -> Verdict:
    """What to do about a token whose refresh ended with this errcode or reason."""
    return _VERDICT_OF.get(code, Verdict.UNKNOWN)


def find(code: str, stage: str) -> Entry:
    """The entry for a code where it happened; never fails, an unlisted code gets an entry that says so."""
    rows = _by_code().get(code)
    if rows is None:
        return _unlisted(code, stage)
    # A code met where the catalogue does not expect it still means about the same as elsewhere.
    return rows.get(stage) or rows.get("any") or next(iter(rows.values()))


@cache
def all_entries() -> tuple[Entry, ...]:
    """Every row: errcodes by number, then WeChat's pages without a number, the gateway's reasons, and symptoms."""
    text = resources.files(__package__).joinpath("errcodes.csv").read_text(encoding="utf-8")
    return tuple(
        Entry(class_=row.pop("class"), related=tuple(row.pop("related").split()), **row)
        for row in csv.DictReader(text.splitlines())
    )


def is_listed(code: str) -> bool:
    """Whether the catalogue has a row for it."""
    return code in _by_code()


@cache
def _by_code() -> dict[str, dict[str, Entry]]:
    rows: dict[str, dict[str, Entry]] = {}
    for entry in all_entries():
        rows.setdefault(entry.code, {})[entry.stage] = entry
    return rows


def _unlisted(code: str, stage: str) -> Entry:
    return Entry(
        code=code,
        stage=stage,
        errmsg="",
        title_en="Unknown code",
        title_zh="未收录的错误码",
        meaning_en="This code is not in the catalogue. WeChat's own words, kept with the event, are all that is known.",
        meaning_zh="目录中没有这个错误码，目前只有事件中保存的微信原文可供参考。",
        side="wechat",
        class_="transient",
        retry="yes",
        remedy_en="Try again with growing pauses. If it keeps coming, hand WeChat's words and the rid to developers.",
        remedy_zh="按逐渐拉长的间隔重试；若持续出现，请把微信原文和 rid 转给技术。",
        confidence="unverified",
        reply_en="We are sorry: your login was not finished this time, and we are finding out why. Please open the "
        "link in WeChat again in a few minutes. If it still fails, send us a screenshot of the page and the time, and "
        "we will get back to you.",
        reply_zh="抱歉，这次登录没有完成，我们正在查明原因。请过几分钟在微信里重新打开链接再试。如果还是不行，"
        "请把页面截图和时间发给我们，我们会尽快答复您。",
    )
