"""A gateway's front as sites see it: passes everything on, and is busy, gone or deaf to the site's key when told so."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.visiting import no_cookies

_HOP_BY_HOP = {"connection", "content-length", "content-encoding", "transfer-encoding", "host"}


@dataclass
class Front:
    """`busy` answers are 503 before the gateway is asked again; `redemptions` counts what sites asked."""

    gateway: str
    http: httpx.Client
    url: str = ""
    busy: int = 0
    is_gone: bool = False
    knows_no_key: bool = False
    redemptions: list[str] = field(default_factory=list)

    def reset(self) -> None:
        self.busy, self.is_gone, self.knows_no_key, self.redemptions = 0, False, False, []


@contextmanager
def standing_before(gateway: str) -> Iterator[Front]:
    """The front on an unused port, in threads of its own."""
    with httpx.Client(trust_env=False, cookies=no_cookies()) as http:
        front = Front(gateway, http)

        class Handler(_Handler):
            told = front

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        front.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield front
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    told: Front

    def do_GET(self) -> None:
        self._pass_on(b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.told.redemptions.append(self.headers["Idempotency-Key"])
        if self.told.is_gone:
            self.close_connection = True
        elif self.told.busy:
            self.told.busy -= 1
            self._answer(503, [("Retry-After", "0")], b'{"title": "busy"}')
        else:
            self._pass_on(body)

    def _pass_on(self, body: bytes) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        if self.told.knows_no_key:
            headers["Authorization"] = "Bearer another"
        reply = self.told.http.request(self.command, self.told.gateway + self.path, headers=headers, content=body)
        kept = [(name, value) for name, value in reply.headers.multi_items() if name not in _HOP_BY_HOP]
        self._answer(reply.status_code, kept, reply.content)

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Says nothing."""
