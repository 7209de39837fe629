"""A site as its developer may have written it: a page that its server makes, one that is all script, and an old one
that asks WeChat itself."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>店</title><body>{body}"""
STRANGER = '<h1>你好</h1><p><a href="{link}">微信登录</a></p>'
MEMBER = "<h1>欢迎</h1><p id=openid>{openid}</p>"
# Its routes are fragments; whoever is no member yet is sent to log in from wherever they are.
SCRIPT = """<h1></h1><p id="openid"></p><script>
const show = () => { document.querySelector("h1").textContent = "路由 " + location.hash; };
const ask = async () => {
  const here = new URL(location.href);
  const ticket = here.searchParams.get("ticket");
  if (ticket) {
    history.replaceState(null, "", location.href.replace(/[?&]ticket=[^&#]*/, ""));
    await fetch("/login", { method: "POST", body: ticket });
  }
  const member = await (await fetch("/me")).json();
  if (!member.openid) location.replace(GATEWAY + "/auth?scope=snsapi_userinfo&url=" + encodeURIComponent(here));
  else { document.querySelector("#openid").textContent = member.openid; show(); }
};
addEventListener("hashchange", show);
ask();
</script>"""

POSTING = """<h1>旧页面</h1><p id="openid"></p><script>
const leave = () => location.replace(
  WECHAT + "&redirect_uri=" + encodeURIComponent(location.origin + location.pathname)
  + "&response_type=code&scope=snsapi_base&state=123#wechat_redirect");
const code = new URL(location.href).searchParams.get("code");
if (!code) leave();
else fetch(GATEWAY + "/getCode", {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }),
}).then((answer) => answer.json()).then((told) => {
  if (told.restart) leave();
  else document.querySelector("#openid").textContent = told.openid;
});
</script>"""


@dataclass
class Site:
    """`url` is where browsers find it, `wechat` WeChat's authorize page, `members` the openids by session."""

    gateway: str
    url: str
    wechat: str
    key: str = ""
    members: dict[str, str] = field(default_factory=dict)

    def link(self, nonce: str) -> str:
        asked = {"url": f"{self.url}/back", "scope": "snsapi_userinfo", "nonce": nonce}
        return f"{self.gateway}/auth?{urlencode(asked)}"

    def page(self, body: str) -> str:
        """With the addresses that its scripts need."""
        for name, value in {"GATEWAY": self.gateway, "WECHAT": self.wechat}.items():
            body = body.replace(name, json.dumps(value))
        return PAGE.format(body=body)

    def redeem(self, ticket: str) -> dict[str, Any]:
        request = Request(
            f"{self.gateway}/api/v1/tickets/redeem",
            data=json.dumps({"ticket": ticket}).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with build_opener(ProxyHandler({})).open(request, timeout=10) as answer:
            person: dict[str, Any] = json.load(answer)
        return person


class SiteHandler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/back":
            self._take(parse_qs(address.query)["ticket"][0])
        elif address.path == "/app":
            self._answer(self.site.page(SCRIPT))
        elif address.path == "/posting":
            self._answer(self.site.page(POSTING))
        elif address.path == "/me":
            self._answer(json.dumps({"openid": self._openid}))
        elif self._openid:
            self._answer(PAGE.format(body=MEMBER.format(openid=self._openid)))
        else:
            nonce = secrets.token_urlsafe(16)
            body = STRANGER.format(link=self.site.link(nonce).replace("&", "&amp;"))
            self._answer(PAGE.format(body=body), **{"Set-Cookie": f"nonce={nonce}; SameSite=Lax"})

    def do_POST(self) -> None:
        ticket = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer("{}", **self._let_in(self.site.redeem(ticket)))

    def log_message(self, *_: object) -> None:
        """Nothing to be said."""

    @property
    def _openid(self) -> str | None:
        return self.site.members.get(self._cookie("session"))

    def _cookie(self, name: str) -> str:
        morsel = SimpleCookie(self.headers.get("Cookie")).get(name)
        return morsel.value if morsel else ""

    def _take(self, ticket: str) -> None:
        """A login that began in another browser is none here: that visitor may begin one."""
        person = self.site.redeem(ticket)
        is_own = person["nonce"] is not None and person["nonce"] == self._cookie("nonce")
        self._answer("", 302, Location="/", **(self._let_in(person) if is_own else {}))

    def _let_in(self, person: dict[str, Any]) -> dict[str, str]:
        session = secrets.token_urlsafe(16)
        self.site.members[session] = person["openid"]
        return {"Set-Cookie": f"session={session}; HttpOnly; SameSite=Lax"}

    def _answer(self, text: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())


@contextmanager
def opened(site: Site) -> Iterator[int]:
    """Serves the site; gives its port on this machine."""
    handler = type("Handler", (SiteHandler,), {"site": site})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
