"""What pages of the simulator show besides text: its style sheet, its icon, and everyone's avatar."""

from pathlib import Path

from tornado.escape import xhtml_escape
from tornado.web import HTTPError

from .people import Person
from .replies import Reply, SimulatorHandler

_FILES = {"simulator.css": "text/css; charset=UTF-8", "icon.svg": "image/svg+xml"}
_TINTS = ("#0a7243", "#2f5180", "#8a4b00", "#7a2e5d", "#3f4a9c", "#8c2f2f")
_SIZES = {0: 640, 46: 46, 64: 64, 96: 96, 132: 132}
_AVATAR = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 64 64">'
    '<rect width="64" height="64" fill="{tint}"/>'
    '<text x="32" y="42" font-size="30" font-family="sans-serif" text-anchor="middle" fill="#fff">'
    "{initial}</text></svg>"
)


class FileHandler(SimulatorHandler):
    """A file that lies beside the code."""

    def get(self, name: str) -> None:
        body = Path(__file__).with_name(name).read_bytes()
        self.send(Reply(body, content_type=_FILES[name], headers={"Cache-Control": "max-age=60"}))


class AvatarHandler(SimulatorHandler):
    """A picture in the sizes that WeChat offers; 0 is the large one."""

    def get(self, number: str, size: str) -> None:
        person = Person(int(number))
        if int(size) not in _SIZES or not person.has_avatar:
            raise HTTPError(404)
        initial = next((sign for sign in person.nickname if sign.isprintable() and not sign.isspace()), "·")
        picture = _AVATAR.format(
            size=_SIZES[int(size)], tint=_TINTS[person.number % len(_TINTS)], initial=xhtml_escape(initial)
        )
        headers = {"Cache-Control": "max-age=86400", "X-Content-Type-Options": "nosniff"}
        self.send(Reply(picture.encode(), content_type="image/svg+xml", headers=headers))
