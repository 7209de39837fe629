"""How the steps between a login's start and its redemption are counted."""

from wxadmin.handlers.admin.definitions.definition import Definition
from wxadmin.i18n import msgid

ROOM = msgid("From start to redemption")
DEFINITIONS = (
    Definition(
        "returns",
        msgid("Needs attention: returns collapsed"),
        msgid(
            "The newest starts that sent somebody to WeChat, each at least 90 seconds old, of an account or one of its "
            "scopes: told where fewer than a fifth of them came back, though at least half did in the seven days "
            "before. There have to be at least eight who did not, and so many that chance explains it once in a "
            "hundred thousand times; the first of them is since when. The SQL counts starts and returns of a span."
        ),
        "attempt",
        "SELECT count(*), count(returned_at) FROM attempt\n"
        "WHERE state_hash IS NOT NULL AND started_at >= :start AND started_at < :end",
    ),
)
