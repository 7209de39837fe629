"""One user's token: refreshed now, or checked with WeChat, because somebody asks for it."""

from http import HTTPStatus

from tornado.web import HTTPError

from wxadmin.flows.on_demand import Checked, Demanded, Word, check_one, refresh_one
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import TOKEN_KEEPERS, TOKEN_READERS
from wxadmin.handlers.admin.remedies import remedy_for
from wxadmin.i18n import Language, msgid, translator
from wxadmin.models import Role, Stage
from wxadmin.queries import user_profiles
from wxadmin.queries.user_profiles import UserProfile
from wxadmin.services.leases import NoLease
from wxadmin.wechat import errcodes
from wxadmin.wechat.errcodes import Entry

_GREATEST_ID = 2**63 - 1
_NOT_REFRESHED = {
    NoLease.MISSING: msgid("There is no token: the next login brings one."),
    NoLease.ACCOUNT_OFF: msgid("The account is switched off, or sample data: WeChat was not asked."),
    NoLease.NEEDS_CONSENT: msgid("The consent has ended: only the user's next login brings a new token."),
    NoLease.REFRESHING: msgid("It is being refreshed at this moment."),
}
_CHECKED = {
    Word.GOOD: msgid("WeChat says that the token is good."),
    Word.BAD: msgid("WeChat says that the token is no good. Refresh it now, or wait for the user's next login."),
    Word.MISSING: msgid("There is no token: the next login brings one."),
}


class UserTokenHandler(FormHandler):
    """`get` says what will be done; what came of it is on the same page."""

    template = ""

    async def get(self, typed_id: str) -> None:
        await self._answer(typed_id)

    async def _answer(self, typed_id: str, told: str = "", badge: str = "") -> None:
        found = await self._user(typed_id)
        self.show(self.template, user=found.user, token=found.token, told=told, badge=badge)

    async def _user(self, typed_id: str) -> UserProfile:
        user_id = int(typed_id)
        masks = await self.masks_for_one()
        read = self.gateway.database.read
        found = await read(user_profiles.find, user_id, masks=masks) if user_id <= _GREATEST_ID else None
        if found is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        return found


class UserRefresh(UserTokenHandler):
    roles = TOKEN_KEEPERS
    template = "users/refresh.html"

    async def save(self, typed_id: str) -> None:
        found = await self._user(typed_id)
        demanded = await refresh_one(self.gateway, found.user.id, actor=self.identity.name)
        badge = "bad" if demanded.reason or demanded.code else "ok"
        await self._answer(typed_id, _refreshed(demanded, self.language, self.identity.role), badge)


class UserCheck(UserTokenHandler):
    roles = TOKEN_READERS
    template = "users/check.html"

    async def save(self, typed_id: str) -> None:
        found = await self._user(typed_id)
        checked = await check_one(self.gateway, found.user.id, actor=self.identity.name)
        badge = {Word.GOOD: "ok", Word.BAD: "bad"}.get(checked.word, "wait")
        await self._answer(typed_id, _checked(checked, self.language, self.identity.role), badge)


def _refreshed(demanded: Demanded, lang: Language, role: Role) -> str:
    say = translator(lang).gettext
    if demanded.reason:
        return say(_NOT_REFRESHED[demanded.reason])
    if demanded.code:
        text = msgid("Not renewed: %(code)s %(title)s. %(remedy)s")
        return _refusal(text, errcodes.find(demanded.code, Stage.REFRESH), lang, role)
    if demanded.is_overtaken:
        return say(msgid("The user has just logged in: that token is newer still, and was kept."))
    return say(msgid("Renewed."))


def _checked(checked: Checked, lang: Language, role: Role) -> str:
    if checked.word is Word.UNKNOWN:
        text = msgid("WeChat did not say: %(code)s %(title)s. The token may be good all the same. %(remedy)s")
        return _refusal(text, errcodes.find(checked.code, Stage.USERINFO), lang, role)
    return translator(lang).gettext(_CHECKED[checked.word])


def _refusal(text: str, entry: Entry, lang: Language, role: Role) -> str:
    values = {"code": entry.code, "title": entry.title(lang), "remedy": remedy_for(entry, role, lang)}
    return translator(lang).gettext(text) % values
