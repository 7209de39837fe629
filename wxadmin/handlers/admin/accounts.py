"""Service accounts: shown, added, changed, checked with WeChat, given new AppSecrets, switched off."""

from http import HTTPStatus
from urllib.parse import urlsplit

from tornado.web import HTTPError

from wxadmin.errors import BadValue
from wxadmin.flows.checks import require_pair
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import ADMINS
from wxadmin.i18n import msgid
from wxadmin.queries import accounts as queries
from wxadmin.queries.accounts import AccountRow
from wxadmin.services import accounts

POLICY_WORDS = {"all": msgid("everybody"), "userinfo": msgid("people who agreed"), "none": msgid("nobody")}


class AccountList(StaffHandler):
    roles = ADMINS

    async def get(self) -> None:
        rows = await self.gateway.database.read(queries.all_rows)
        self.show("accounts/list.html", accounts=rows, policy_words=POLICY_WORDS)


class AccountAdd(FormHandler):
    roles = ADMINS

    async def get(self) -> None:
        self.show("accounts/add.html")

    async def save(self) -> None:
        name = self.entered("name")
        await self.gateway.database.write(
            accounts.add,
            self.gateway.keys,
            name=name,
            appid=self.entered("appid"),
            secret=self.entered("secret"),
            title=self.entered("title"),
            actor=self.identity.name,
        )
        self.done(f"/admin/accounts/{name}")


class AccountHandler(FormHandler):
    """A page about one account."""

    roles = ADMINS

    async def account(self, name: str) -> AccountRow:
        found = await self.gateway.database.read(queries.named, name)
        if found is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        return found


class AccountShow(AccountHandler):
    """What WeChat's console has to be told, and what can be changed."""

    async def get(self, name: str) -> None:
        callback_url = self.gateway.callback_url
        self.show(
            "accounts/show.html",
            account=await self.account(name),
            callback_url=callback_url,
            domain=urlsplit(callback_url).hostname,
            policy_words=POLICY_WORDS,
        )

    async def save(self, name: str) -> None:
        await self.gateway.database.write(
            accounts.change,
            name,
            title=self.entered("title"),
            refresh_policy=self.entered("refresh_policy"),
            verify_file=self._verify_file(),
            actor=self.identity.name,
        )
        self.done(f"/admin/accounts/{name}")

    def _verify_file(self) -> tuple[str, str] | None:
        """The ownership file's name and content, chosen as a file or pasted."""
        for file in self.request.files.get("verify_file", []):
            try:
                return file.filename, file.body.decode().strip()
            except UnicodeDecodeError:
                text = msgid("this file is not the one that WeChat's console gives: it holds no text")
                raise BadValue(text, field="verify_name") from None
        pasted = self.entered("verify_name"), self.entered("verify_body")
        return pasted if any(pasted) else None


class AccountSecret(AccountHandler):
    """Replaces the AppSecret, after WeChat has said that the new one is right."""

    async def get(self, name: str) -> None:
        self.show("accounts/secret.html", account=await self.account(name))

    async def save(self, name: str) -> None:
        account, secret = await self.account(name), self.entered("secret")
        await require_pair(self.gateway.wechat, account.appid, secret, lang=self.language)
        await self.gateway.database.write(
            accounts.replace_secret, self.gateway.keys, name, secret, actor=self.identity.name
        )
        self.done(f"/admin/accounts/{name}")


class AccountCheck(AccountHandler):
    """Asks WeChat whether AppID and AppSecret belong together."""

    async def get(self, name: str) -> None:
        self.show("accounts/check.html", account=await self.account(name), is_right=False)

    async def save(self, name: str) -> None:
        account = await self.account(name)
        secret = await self.gateway.database.read(queries.secret_sealed, name)
        opened = self.gateway.keys.open(secret or b"", accounts.secret_bound_to(account.appid))
        await require_pair(self.gateway.wechat, account.appid, opened, lang=self.language)
        self.show("accounts/check.html", account=account, is_right=True)


class AccountDisable(AccountHandler):
    async def get(self, name: str) -> None:
        self.show("accounts/disable.html", account=await self.account(name))

    async def save(self, name: str) -> None:
        await self.gateway.database.write(accounts.disable, name, actor=self.identity.name)
        self.done("/admin/accounts")
