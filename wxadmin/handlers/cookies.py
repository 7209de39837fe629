"""The cookie of an attempt: by it the browser that began a login is known again when WeChat sends it back.

Its name is made from the state, so that several tabs do not disturb each other and nothing needs to be looked up.
"""

from typing import Any

from tornado.web import RequestHandler

from wxadmin.security import attempt_cookies
from wxadmin.security.hashes import sha256

# The ten minutes of a state, and ten more in which a repeated callback is answered like the first.
LIFETIME_S = 1_200
_AT_MOST = 8


class AttemptCookies:
    """The attempts' cookies of one request and its answer."""

    def __init__(self, handler: RequestHandler, *, is_https: bool) -> None:
        self._handler = handler
        self._is_https = is_https
        # __Host- makes browsers refuse the cookie from any other host, path, or without TLS.
        self._prefix = "__Host-wx_" if is_https else "wx_"

    def read(self, state: str) -> str | None:
        """The cookie of the state's attempt, if this browser has it."""
        morsel = self._handler.cookies.get(self._name(state))
        return morsel.value if morsel else None

    def all(self) -> tuple[str, ...]:
        """Those of all the attempts that this browser began of late."""
        return tuple(morsel.value for name, morsel in self._handler.cookies.items() if name.startswith(self._prefix))

    def keep(self, state: str, value: str) -> None:
        """Gives the browser the cookie, and takes its oldest ones when it has too many."""
        earlier = [(name, morsel) for name, morsel in self._handler.cookies.items() if name.startswith(self._prefix)]
        earlier.sort(key=lambda pair: attempt_cookies.made_at(pair[1].value))
        for name, _ in earlier[: max(0, len(earlier) + 1 - _AT_MOST)]:
            self._handler.clear_cookie(name, **self._attributes)
        self._handler.set_cookie(
            self._name(state), value, expires_days=None, max_age=LIFETIME_S, httponly=True, **self._attributes
        )

    @property
    def _attributes(self) -> dict[str, Any]:
        # Strict would be withheld on WeChat's redirect.
        return {"path": "/", "secure": self._is_https, "samesite": "Lax"}

    def _name(self, state: str) -> str:
        return self._prefix + sha256(f"cookie/{state}").hex()[:12]
