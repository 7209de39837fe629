"""Service accounts: shown, added, changed, checked with WeChat, given new AppSecrets, switched off and on."""

from http import HTTPStatus
from urllib.parse import urlsplit

from tornado.web import HTTPError

from wxadmin.doctor.console_menus import VERIFICATION, WEB_AUTHORIZATION_DOMAIN
from wxadmin.errors import BadValue
from wxadmin.flows.checks import require_pair
from wxadmin.handlers.admin.base import StaffHandler
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.admin.menu import ADMINS
from wxadmin.handlers.admin.token_words import POLICIES
from wxadmin.handlers.admin.tokens import current_standing
from wxadmin.i18n import msgid
from wxadmin.queries import accounts as queries
from wxadmin.queries import refresh_costs
from wxadmin.queries.accounts import AccountRow
from wxadmin.refreshing.policies import LONGEST_ACTIVE_DAYS
from wxadmin.services import accounts
from wxadmin.services.accounts import RefreshForm

# As many digits as no number here has.
_TOO_LONG = 10


class AccountList(StaffHandler):
    roles = ADMINS

    async def get(self) -> None:
        rows = await self.gateway.database.read(queries.all_rows)
        self.show("accounts/list.html", accounts=rows, policy_words=POLICIES)


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
        callback_url, account = self.gateway.callback_url, await self.account(name)
        standing = await current_standing(self.front)
        costs = refresh_costs.by_policy(
            standing.of_account(account.id),
            active_days=account.refresh_active_days,
            ahead=self.gateway.refresh_ahead,
            now=standing.at,
        )
        self.show(
            "accounts/show.html",
            account=account,
            callback_url=callback_url,
            console_menu=VERIFICATION.path,
            domain_menu=WEB_AUTHORIZATION_DOMAIN.path,
            domain=urlsplit(callback_url).hostname,
            policy_words=POLICIES,
            costs=costs,
            longest_active_days=LONGEST_ACTIVE_DAYS,
        )

    async def save(self, name: str) -> None:
        await self.gateway.database.write(
            accounts.change,
            name,
            title=self.entered("title"),
            refresh=RefreshForm(
                self.entered("refresh_policy") or None,
                self._number("refresh_active_days"),
                self._number("refresh_quota"),
            ),
            verify_file=self._verify_file(),
            verified_until=self.get_body_argument("verified_until", None),
            actor=self.identity.name,
        )
        self.done(f"/admin/accounts/{name}")

    def _number(self, field: str) -> int | None:
        """A whole number as entered, None where it was left out."""
        entered = self.entered(field).strip()
        if not entered:
            return None
        if not (entered.isascii() and entered.isdigit() and len(entered) < _TOO_LONG):
            raise BadValue(msgid("enter a whole number"), field=field)
        return int(entered)

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
        sealed = await self.gateway.database.read(queries.secret_sealed, name)
        secret = accounts.open_secret(self.gateway.keys, account.appid, sealed)
        await require_pair(self.gateway.wechat, account.appid, secret, lang=self.language)
        self.show("accounts/check.html", account=account, is_right=True)


class AccountDisable(AccountHandler):
    async def get(self, name: str) -> None:
        self.show("accounts/disable.html", account=await self.account(name))

    async def save(self, name: str) -> None:
        await self.gateway.database.write(accounts.disable, name, actor=self.identity.name)
        self.done("/admin/accounts")


class AccountEnable(AccountHandler):
    async def get(self, name: str) -> None:
        self.show("accounts/enable.html", account=await self.account(name))

    async def save(self, name: str) -> None:
        await self.gateway.database.write(accounts.enable, name, actor=self.identity.name)
        self.done(f"/admin/accounts/{name}")
