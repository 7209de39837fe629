"""The authorize page and what a person does on it: allow, deny, look at the snapshot page, be someone else."""

from tornado.web import HTTPError

from . import authorize
from .authorize import AuthorizeLink
from .calls import Call, digest
from .errmsg import PageRefused
from .people import Person
from .replies import PAGE_HEADERS, FallibleHandler, Reply
from .settings import ANSWERS

_COOKIE = "wxsim_person"
_MOST = 2**63


class ConsentHandler(FallibleHandler):
    """What the authorize link and the links on its page share."""

    def answer(self, call: Call) -> Reply:
        try:
            link = authorize.read(self.request.query, self.world)
        except PageRefused as refused:
            call.errcode = refused.number
            return self.page("refused.html", refused=refused)
        call.appid, call.scope, call.errcode = link.appid, link.scope, 0
        return self.decide(link, call)

    def decide(self, link: AuthorizeLink, call: Call) -> Reply:
        raise NotImplementedError

    def refusal(self, errcode: int) -> Reply:
        return self.page("refused.html", refused=PageRefused(errcode, "Ordered as a fault at /_sim/."))

    def page(self, template: str, **values: object) -> Reply:
        html = self.render_string(template, raw_query=self.request.query, **values)
        return Reply(html, headers=dict(PAGE_HEADERS))

    def allow(self, link: AuthorizeLink, call: Call, *, virtual: bool = False) -> Reply:
        person = Person(self.person(), virtual)
        code = self.world.authorize(link.appid, person, link.scope)
        call.openid, call.code = person.openid(link.appid), digest(code)
        return self.redirect_to(link.back(code=code, state=link.state))

    def deny(self, link: AuthorizeLink) -> Reply:
        """Nothing goes back, unless the old form is set, which returned the state alone."""
        if self.world.settings.deny_returns_state:
            return self.redirect_to(link.back(state=link.state))
        return self.page("denied.html")

    def redirect_to(self, address: str) -> Reply:
        return Reply(status=302, headers={"Location": address, "Cache-Control": "no-store"})

    def person(self) -> int:
        """Who sits at this browser: the header's person, else the cookie's, else someone new, who is remembered."""
        asked = self.request.headers.get("X-Sim-Person")
        if asked is not None:
            if not _is_number(asked):
                raise HTTPError(400, reason="X-Sim-Person: a number")
            return int(asked)
        known = self.get_cookie(_COOKIE, "")
        if known and _is_number(known):
            return int(known)
        drawn = self.world.anyone()
        self.remember(drawn)
        return drawn

    def remember(self, person: int) -> None:
        self.set_cookie(_COOKIE, str(person), path="/connect", httponly=True, samesite="Lax", expires_days=30)


class AuthorizeHandler(ConsentHandler):
    """WeChat's authorize link."""

    endpoint = "authorize"

    def decide(self, link: AuthorizeLink, call: Call) -> Reply:
        if link.silent:
            return self.allow(link, call)
        match self.request.headers.get("X-Sim-Answer", self.world.settings.answer):
            case "follower":
                # A follower is let through silently, so forceSnapShot does nothing.
                return self.allow(link, call)
            case "snapshot":
                return self.allow(link, call, virtual=True)
            case "allow":
                return self.allow(link, call, virtual=link.force_snapshot)
            case "deny":
                return self.deny(link)
            case "ask":
                return self.ask(link)
        raise HTTPError(400, reason=f"X-Sim-Answer: one of {', '.join(ANSWERS)}")

    def ask(self, link: AuthorizeLink) -> Reply:
        return self.deny(link)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < _MOST
