"""Authorization codes: made at the consent, exchanged once, within five minutes."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from .errmsg import Refused
from .people import Person

LIFETIME = 300.0
# A spent or expired code keeps its own errcode this long; then it is as unknown as any other text.
REMEMBERED = 900.0


@dataclass(slots=True)
class Authorization:
    """What a person has agreed to."""

    appid: str
    person: Person
    scope: str
    at: float
    spent: bool = False


class Codes:
    """The codes of the last quarter of an hour."""

    def __init__(self) -> None:
        self._issued: OrderedDict[str, Authorization] = OrderedDict()

    def issue(self, authorization: Authorization) -> str:
        """A new code of 32 characters."""
        self._forget(authorization.at - REMEMBERED)
        code = secrets.token_urlsafe(24)
        self._issued[code] = authorization
        return code

    def spend(self, code: str, appid: str, now: float) -> Authorization:
        """What the code stands for. Raises Refused when it is unknown, another account's, spent or too old."""
        authorization = self._issued.get(code)
        if authorization is None or authorization.appid != appid:
            raise Refused(40029)
        if authorization.spent:
            raise Refused(40163)
        if now - authorization.at > LIFETIME:
            raise Refused(42003)
        authorization.spent = True
        return authorization

    def _forget(self, before: float) -> None:
        while self._issued and next(iter(self._issued.values())).at < before:
            self._issued.popitem(last=False)
