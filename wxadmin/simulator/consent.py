"""The authorize page and what a person does on it: allow, deny, look at the snapshot page, be someone else."""

from unicodedata import category
from urllib.parse import urlsplit

from tornado.web import HTTPError

from . import authorize
from .authorize import AuthorizeLink
from .calls import Call, digest
from .errmsg import PageRefused
from .people import NOTABLE, Person
from .replies import PAGE_HEADERS, FallibleHandler, Reply, SimulatorHandler
from .settings import ANSWERS

_COOKIE = "wxsim_person"
_MOST = 10**18
# These end a consent and are logged as calls; the other links only show a page.
_DECISIONS = {"allow", "deny", "browse"}
# The page offers this many people by name: those with notable nicknames, and some ordinary ones.
_OFFERED = len(NOTABLE) + 10


class ConsentHandler(SimulatorHandler):
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
        return self.page(
            "refused.html", refused=PageRefused(errcode, "在 /_sim/ 设置的故障。", "Ordered as a fault at /_sim/.")
        )

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

    def ask(self, link: AuthorizeLink) -> Reply:
        """The page with the question, for the person at this browser."""
        return self.page(
            "consent.html",
            link=link,
            title=self.world.accounts[link.appid].title,
            site=urlsplit(link.redirect_uri).netloc,
            person=Person(self.person()),
            others=[Person(number) for number in range(1, _OFFERED + 1)],
            shown=_shown,
        )

    def snapshot(self) -> Reply:
        """The browse-only copy that WeChat shows in place of the question."""
        return self.page("snapshot.html", virtual=Person(self.person(), virtual=True))

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


class AuthorizeHandler(ConsentHandler, FallibleHandler):
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
                return self.snapshot() if link.force_snapshot else self.ask(link)
        raise HTTPError(400, reason=f"X-Sim-Answer: one of {', '.join(ANSWERS)}")


class ChoiceHandler(ConsentHandler):
    """What a person clicked. Links, not forms: form-action would stop a redirect to another origin."""

    def get(self, choice: str) -> None:
        self.choice = choice
        call = Call("consent")
        reply = self.answer(call)
        if choice in _DECISIONS:
            self.world.calls.add(call, self.world.clock())
        self.send(reply)

    def decide(self, link: AuthorizeLink, call: Call) -> Reply:
        match self.choice:
            case "allow":
                return self.allow(link, call)
            case "deny":
                return self.deny(link)
            case "browse":
                return self.allow(link, call, virtual=True)
            case "snapshot":
                return self.snapshot()
        return self.ask(link)


class SomeoneElseHandler(ConsentHandler):
    """Another person sits down at this browser and sees the same question."""

    def get(self, number: str) -> None:
        self.remember(self.world.anyone() if number == "any" else int(number))
        self.redirect(f"/connect/oauth2/consent/ask?{self.request.query}")


def _shown(nickname: str) -> str:
    """A nickname as a page can hold it: control characters and half of a surrogate pair become U+FFFD."""
    return "".join("\ufffd" if category(sign) in {"Cc", "Cs"} else sign for sign in nickname) or "（空）"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < _MOST
