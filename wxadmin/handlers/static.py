"""Own stylesheets, modules and icons, under an address that changes with their content."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from tornado.web import StaticFileHandler

import wxadmin

IMMUTABLE = "public, max-age=31536000, immutable"


@cache
def static_root() -> Path:
    """The checkout's folder, else the wheel's. A stray `static` beside an installed package is not ours."""
    package = Path(wxadmin.__file__).parent
    checkout = package.parent
    return checkout / "static" if (checkout / "pyproject.toml").is_file() else package / "static"


@cache
def icon(name: str) -> str:
    """An own drawing as inline SVG, which takes the colour of the text around it."""
    return (static_root() / "icons" / f"{name}.svg").read_text("utf-8").strip()


class StaticTree:
    """A folder of files and the digest of all of them, taken once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = frozenset(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        content = sha256()
        for name in sorted(self.files):
            content.update(sha256(name.encode()).digest() + sha256((root / name).read_bytes()).digest())
        self.digest = content.hexdigest()[:16]

    def url(self, path: str, base_path: str = "") -> str:
        """The address of a file; raises LookupError for one that is not there."""
        if path not in self.files:
            raise LookupError(f"no static file {path!r} in {self.root}")
        return f"{base_path}/static/{self.digest}/{path}"


class StaticFile(StaticFileHandler):
    """GET /static/<digest>/<path>: kept for a year under the right digest, asked for again under any other.

    One digest for the whole tree keeps a module's relative imports inside the version it came with.
    """

    def initialize(
        self,
        path: str,
        default_filename: str | None = None,
        allowed_symlink_directory: str | list[str] | None = None,
        digest: str = "",
    ) -> None:
        super().initialize(path, default_filename, allowed_symlink_directory)
        self.digest = digest

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        self.set_header("Referrer-Policy", "no-referrer")
        # For what goes wrong; a file that is found says itself how long it may be kept.
        self.set_header("Cache-Control", "no-store")

    def parse_url_path(self, url_path: str) -> str:
        asked, _, path = url_path.partition("/")
        self.is_current = asked == self.digest
        return super().parse_url_path(path)

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", IMMUTABLE if self.is_current else "no-cache")
