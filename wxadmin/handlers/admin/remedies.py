"""What to do about a code, said to whoever reads it: what they cannot do themselves is for the administrator."""

from dataclasses import dataclass

from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Role
from wxadmin.wechat.errcodes import Entry

_PASS_ON = msgid("For the administrator: %(remedy)s")
_RETURN_URL = "gw_return_url_refused"


@dataclass(frozen=True, slots=True)
class Lead:
    """A page on which it can be done; `address` is below the path of PUBLIC_URL."""

    name: str
    address: str


def remedy_for(entry: Entry, role: Role, lang: Language) -> str:
    """The catalogue's remedy, passed on where it is not the reader's to do."""
    remedy = entry.remedy(lang)
    if role is Role.ADMIN or not entry.is_for_admins:
        return remedy
    return translator(lang).gettext(_PASS_ON) % {"remedy": remedy}


def leads(entry: Entry, role: Role, lang: Language, *, account: str | None = None) -> list[Lead]:
    """Where an administrator does it; `account` is the name of the one that is concerned, if one is."""
    say = translator(lang).gettext
    if role is not Role.ADMIN:
        return []
    if entry.wants_secret and account:
        return [Lead(say(msgid("Replace the AppSecret")), f"/admin/accounts/{account}/secret")]
    if entry.wants_secret:
        return [Lead(say(msgid("Accounts")), "/admin/accounts")]
    return [Lead(say(msgid("Sites")), "/admin/sites")] if entry.code == _RETURN_URL else []
