"""Why a visitor may not have come back, the likeliest first: WeChat does not say."""

from collections.abc import Sequence
from dataclasses import dataclass

from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Outcome
from wxadmin.queries.attempt import AttemptShown
from wxadmin.wechat import errcodes
from wxadmin.wechat.errcodes import Entry

_OUTSIDE = {
    "wecom": msgid("Opened in WeCom, which gets no login from WeChat."),
    "other": msgid("Opened outside of WeChat, whose page then asks to open the link in WeChat."),
}
_DECLINED = msgid("Declined, or closed the page: WeChat tells nobody.")
_CLOSED = msgid("Closed the page. A silent login asks nothing that could be declined.")
_WECHATS_PAGE = msgid(
    "Saw an error page of WeChat's own, of which no gateway hears. If many do not come back, look here first:"
)
_NETWORK = msgid("Lost the network on the way.")


@dataclass(frozen=True, slots=True)
class Cause:
    """A sentence, and what the catalogue says of the codes that it speaks of."""

    text: str
    entries: tuple[Entry, ...] = ()


def likely(shown: AttemptShown, lang: Language) -> Sequence[Cause]:
    """None where the attempt is not one that nobody came back to."""
    if shown.outcome != Outcome.ABANDONED:
        return []
    say = translator(lang).gettext
    causes = [
        Cause(say(_DECLINED if shown.scope == "snsapi_userinfo" else _CLOSED)),
        Cause(say(_WECHATS_PAGE), tuple(errcodes.find(code, "authorize") for code in ("10003", "10005"))),
        Cause(say(_NETWORK)),
    ]
    outside = _OUTSIDE.get(shown.browser_family)
    return [Cause(say(outside), (errcodes.find("gw_not_wechat", "start"),)), *causes] if outside else causes
