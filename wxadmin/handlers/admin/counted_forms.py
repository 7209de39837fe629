"""Forms that ask for a secret of somebody who is signed in: a wrong one counts like a wrong password at the sign-in."""

from collections.abc import Iterator
from contextlib import contextmanager

from wxadmin.errors import BadValue
from wxadmin.handlers.admin.forms import FormHandler
from wxadmin.handlers.base import TooManyFailures


class CountedForm(FormHandler):
    @contextmanager
    def counted(self) -> Iterator[None]:
        """What it holds checks the secret, and raises BadValue for a wrong one. Raises TooManyFailures."""
        limit, whom = self.front.limits.sign_ins, (f"name {self.identity.name}", f"address {self.customer}")
        if wait := self.must_wait(limit, *whom):
            raise TooManyFailures(wait)
        try:
            yield
        except BadValue:
            limit.failed(*whom)
            raise
