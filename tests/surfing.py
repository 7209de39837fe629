"""A browser that goes where it is sent, and whatever else asks the gateway: all that they were told is kept."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import httpx

_LONGEST_WAY = 12


@dataclass
class Surfer:
    """A person's own browser, with cookies; `person` is who it is in the simulator. `answers` are all that it and the
    pages in it were given."""

    http: httpx.AsyncClient
    person: int = 1
    answers: list[httpx.Response] = field(default_factory=list)

    async def go(self, address: str) -> str:
        """Opens an address and follows where it leads: to a page of this machine, whose answer is the last then, or to
        an address elsewhere, which it gives to the byte."""
        for _ in range(_LONGEST_WAY):
            if urlsplit(address).hostname != "127.0.0.1":
                return address
            answer = await self.ask("GET", address, headers={"X-Sim-Person": str(self.person)})
            if not answer.has_redirect_location:
                return address
            address = str(httpx.URL(address).join(answer.headers["Location"]))
        raise AssertionError(f"sent on {_LONGEST_WAY} times")

    async def ask(self, method: str, address: str, **more: object) -> httpx.Response:
        """One request, as a page's script or a site's server makes it."""
        answer = await self.http.request(method, address.partition("#")[0], **more)  # type: ignore[arg-type]
        self.answers.append(answer)
        return answer

    def seen(self, secrets: list[str]) -> list[str]:
        """Which of these stand in an address, a header or a body that it was given."""
        texts = [f"{answer.url}\n{answer.headers.multi_items()}\n{answer.text}" for answer in self.answers]
        return [secret for secret in secrets if any(secret in text or secret in unquote(text) for text in texts)]
