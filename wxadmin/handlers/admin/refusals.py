"""What staff are told when a page cannot be shown."""

from http import HTTPStatus

from wxadmin.i18n import msgid

_SAYINGS = {
    HTTPStatus.FORBIDDEN: (
        msgid("Not for your role"),
        msgid("Your role may not see this page. An administrator can change your role."),
    ),
    HTTPStatus.NOT_FOUND: (msgid("There is nothing here"), msgid("Check the address, or start from the overview.")),
    HTTPStatus.TOO_MANY_REQUESTS: (msgid("Too many tries"), msgid("Wait a minute, and try again.")),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        msgid("The database does not answer"),
        msgid(
            "Nothing was changed. Please try again in a few seconds. "
            "If it stays so: whoever runs this should see whether the database is up, and whether its disk is full."
        ),
    ),
}
_MALFORMED = (msgid("This cannot be read"), msgid("Go back and check what was entered; nothing was changed."))
_BROKEN = (
    msgid("Something went wrong here"),
    msgid("It was nothing you did. Give the number below to whoever runs this."),
)


def saying(status: int) -> tuple[str, str]:
    """Title and what to do, as msgids."""
    return _SAYINGS.get(HTTPStatus(status), _BROKEN if status >= 500 else _MALFORMED)
