"""The controls under /_sim/: JSON for programs, and one page with forms that send the same fields."""

import json
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import tornado.web

from . import faults
from .accounts import SimulatedAccount
from .faults import ENDPOINTS, KINDS
from .replies import PAGE_HEADERS, Reply, SimulatorHandler
from .settings import ANSWERS, BadInput, one_of, whole

_SEQ = whole(0, 2**63)
# A click on the consent page is logged too, but no fault can be ordered for it.
_LOGGED = one_of("", *ENDPOINTS, "consent")

_NUMBERS = (
    ("token_lifetime", "access_token 有效秒数", "its life, seconds"),
    ("refresh_lifetime", "refresh_token 有效秒数", "its life, seconds"),
    ("latency_ms", "每次应答延迟（毫秒）", "Latency, ms"),
    ("quota", "每分钟调用上限", "Calls a minute"),
    ("people", "人数", "People"),
)
_SWITCHES = (
    ("deny_returns_state", "拒绝时带回 state", "Denial returns state"),
    ("unionid", "绑定开放平台（有 unionid）", "Bound: unionid"),
    ("lan_hosts", "允许局域网地址", "LAN hosts allowed"),
)
# What people most want to see go wrong, each as the fields of one fault.
_USUAL_FAULTS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("code 无效", "40029", {"endpoint": "exchange", "kind": "errcode", "errcode": 40029}),
    ("code 已被使用", "40163", {"endpoint": "exchange", "kind": "errcode", "errcode": 40163}),
    ("AppSecret 错误", "40125", {"endpoint": "exchange", "kind": "errcode", "errcode": 40125}),
    ("微信系统繁忙", "-1", {"endpoint": "exchange", "kind": "errcode", "errcode": -1}),
    ("六秒后才应答", "slow", {"endpoint": "exchange", "kind": "slow", "seconds": 6}),
    ("连接中断", "drop", {"endpoint": "exchange", "kind": "drop"}),
    ("拉不到资料", "48001", {"endpoint": "userinfo", "kind": "errcode", "errcode": 48001}),
    ("无此授权范围权限", "10005", {"endpoint": "authorize", "kind": "errcode", "errcode": 10005}),
)


class ControlHandler(SimulatorHandler):
    """Fields come as JSON from programs and as a form from the page; the page gets itself back."""

    @property
    def from_page(self) -> bool:
        return self.content_type == "application/x-www-form-urlencoded"

    @property
    def content_type(self) -> str:
        return self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def check_xsrf_cookie(self) -> None:
        """A foreign page can send a form or plain text unasked, but neither JSON nor DELETE."""
        if self.request.method != "POST" or self.content_type == "application/json":
            return
        try:
            tornado.web.RequestHandler.check_xsrf_cookie(self)
        except tornado.web.HTTPError as error:
            raise BadInput("programs send Content-Type: application/json, forms the page's _xsrf field") from error

    def fields(self) -> dict[str, object]:
        """What was sent. Raises BadInput unless it is a JSON object or a form."""
        if self.from_page:
            names = self.request.body_arguments.keys() - {"_xsrf"}
            return {name: value for name in names if (value := self.get_body_argument(name))}
        try:
            fields = json.loads(self.request.body)
        except ValueError as error:
            raise BadInput("the body is no JSON") from error
        if not isinstance(fields, dict):
            raise BadInput("the body is no JSON object")
        return fields

    def done(self, answer: dict[str, object], status: int = 200) -> None:
        if self.from_page:
            self.redirect("/_sim/", status=303)
        else:
            self.say(answer, status)

    def say(self, answer: dict[str, object], status: int = 200) -> None:
        body = json.dumps(answer, ensure_ascii=False).encode()
        self.send(Reply(body, status, "application/json", {"Cache-Control": "no-store"}))

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Bad input is the caller's news, told in the reply; only our own faults are worth a log line."""
        if not isinstance(value, BadInput):
            super().log_exception(typ, value, tb)

    def write_error(self, status_code: int, **more: Any) -> None:
        """400 with a plain message for bad input; the reason phrase for anything else."""
        wrong = more["exc_info"][1] if "exc_info" in more else None
        if isinstance(wrong, BadInput):
            self.say({"message": str(wrong)}, 400)
        else:
            self.say({"message": self._reason}, status_code)


class SettingsHandler(ControlHandler):
    """GET and POST /_sim/settings"""

    def get(self) -> None:
        self.say(self.world.settings.as_dict())

    def post(self) -> None:
        self.world.settings = self.world.settings.changed(self.fields())
        self.done(self.world.settings.as_dict())


class FaultsHandler(ControlHandler):
    """GET, POST and DELETE /_sim/faults"""

    def get(self) -> None:
        self.say({"faults": [fault.as_dict() for fault in self.world.faults.open()]})

    def post(self) -> None:
        fault = faults.read(self.fields())
        self.world.faults.order(fault)
        self.done(fault.as_dict(), 201)

    def delete(self) -> None:
        self.world.faults.clear()
        self.done({"faults": []})


class AccountsHandler(ControlHandler):
    """GET and POST /_sim/accounts; an account that exists is replaced, its secret too when one is given."""

    def get(self) -> None:
        self.say({"accounts": [_shown(account) for account in self.world.accounts.values()]})

    def post(self) -> None:
        account = _account(self.fields())
        self.world.accounts[account.appid] = account
        self.done(_shown(account), 201)


class CallsHandler(ControlHandler):
    """GET and DELETE /_sim/calls"""

    def get(self) -> None:
        since = _SEQ("since", self.get_query_argument("since", "0"))
        endpoint = _LOGGED("endpoint", self.get_query_argument("endpoint", ""))
        self.say({"calls": [call.as_dict() for call in self.world.calls.since(since, endpoint)]})

    def delete(self) -> None:
        self.world.calls.clear()
        self.done({"calls": []})


class StatsHandler(ControlHandler):
    """GET /_sim/stats"""

    def get(self) -> None:
        self.say(self.world.calls.stats())


class ClearHandler(ControlHandler):
    """POST /_sim/faults/clear and /_sim/calls/clear: what DELETE does, for the page's forms."""

    def post(self, what: str) -> None:
        self.world.faults.clear() if what == "faults" else self.world.calls.clear()
        self.done({what: []})


class PageHandler(ControlHandler):
    """GET /_sim/: the settings, the faults and the newest calls, for people."""

    def get(self) -> None:
        html = self.render_string(
            "control.html",
            world=self.world,
            answers=dict(zip(ANSWERS, ("询问", "允许", "拒绝", "已关注（静默）", "快照页"), strict=True)),
            usual_faults=_USUAL_FAULTS,
            endpoints=ENDPOINTS,
            kinds=KINDS,
            numbers=_NUMBERS,
            switches=_SWITCHES,
            clock=_clock,
        )
        self.send(Reply(html, headers=PAGE_HEADERS))


def _account(fields: dict[str, object]) -> SimulatedAccount:
    if unknown := sorted(fields.keys() - {"appid", "secret", "domains", "title"}):
        raise BadInput(f"unknown field {unknown[0]}; there are: appid, secret, domains, title")
    domains = fields.pop("domains", [])
    if isinstance(domains, str):
        domains = domains.replace(",", " ").split()
    if not isinstance(domains, list) or not all(isinstance(text, str) for text in [*domains, *fields.values()]):
        raise BadInput("domains: a list of hosts; everything else: text")
    try:
        return SimulatedAccount(domains=tuple(domains), **{"appid": "", **fields})  # type: ignore[arg-type]
    except ValueError as error:
        raise BadInput(str(error)) from error


def _shown(account: SimulatedAccount) -> dict[str, object]:
    return {"appid": account.appid, "secret": account.secret, "domains": account.domains, "title": account.title}


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
