"""GET /h5.js: the script by which a page of a site gets a ticket, from an address that never changes."""

from wxadmin.handlers.base import BaseHandler
from wxadmin.handlers.static import static_root

# Pages keep the plain address, so that a mended script must reach them soon.
_KEPT_S = 300


class H5Script(BaseHandler):
    def check_xsrf_cookie(self) -> None:
        """Nothing to check: it takes no form."""

    def get(self) -> None:
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.set_header("Cache-Control", f"public, max-age={_KEPT_S}")
        self.set_header("X-Content-Type-Options", "nosniff")
        # Pages of other origins include it, also where they isolate themselves.
        self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.finish((static_root() / "js" / "h5.js").read_bytes())
