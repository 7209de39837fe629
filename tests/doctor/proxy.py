"""A proxy before the gateway that can be set up wrongly: what it adds, what it makes of paths, what name it asks."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.visiting import no_cookies

_ITS_OWN = {"connection", "content-length", "content-encoding", "transfer-encoding", "host"}


@dataclass
class Proxy:
    """`adds` are headers, `rewrites` makes the path that it asks for; `keeps_host` is `proxy_set_header Host $host`."""

    http: httpx.Client
    url: str = ""
    gateway: str = ""
    adds: Mapping[str, str] = field(default_factory=dict)
    rewrites: Callable[[str], str] = lambda path: path
    keeps_host: bool = True


@contextmanager
def standing() -> Iterator[Proxy]:
    """The proxy on an unused port, in threads of its own; `gateway` is told to it afterwards."""
    with httpx.Client(trust_env=False, cookies=no_cookies()) as http:
        proxy = Proxy(http)

        class Handler(_Handler):
            told = proxy

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    told: Proxy

    def do_GET(self) -> None:
        told = self.told
        sent = {name: value for name, value in self.headers.items() if name.lower() not in _ITS_OWN}
        if told.keeps_host:
            sent["Host"] = self.headers["Host"]
        answer = told.http.get(told.gateway + told.rewrites(self.path), headers=sent | dict(told.adds))
        self.send_response(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name.lower() not in _ITS_OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *args: object) -> None:
        """Says nothing."""
