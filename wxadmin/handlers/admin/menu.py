"""The dashboard's menu: what it is called and where it leads, for those who may go there."""

from dataclasses import dataclass

from wxadmin.i18n import msgid
from wxadmin.models import ExportSubject, Role

EVERYONE = frozenset(Role)
NOT_DEVELOPERS = EVERYONE - {Role.DEVELOPER}
NOT_MARKETERS = EVERYONE - {Role.MARKETER}
TOKEN_READERS = frozenset({Role.ADMIN, Role.OPERATOR, Role.SUPPORT})
ADMINS = frozenset({Role.ADMIN})
TOKEN_KEEPERS = frozenset({Role.ADMIN, Role.OPERATOR})
EXPORTERS = frozenset({Role.ADMIN, Role.OPERATOR, Role.MARKETER})
EXPORTERS_OF = {
    ExportSubject.USERS: EXPORTERS,
    ExportSubject.ATTEMPTS: EXPORTERS & NOT_MARKETERS,
    ExportSubject.FAILURES: EXPORTERS & NOT_MARKETERS,
    ExportSubject.EVENTS: EXPORTERS & NOT_MARKETERS,
}
"""Who may take which files: of those who export, whoever sees the same on pages."""

SITE_READERS = frozenset({Role.ADMIN, Role.OPERATOR, Role.DEVELOPER})


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the menu; `address` is below /admin."""

    name: str
    address: str
    roles: frozenset[Role]


PLACES = (
    Place(msgid("Overview"), "/admin/", EVERYONE),
    Place(msgid("Authorized users"), "/admin/users", NOT_DEVELOPERS),
    Place(msgid("Segments"), "/admin/segments", NOT_DEVELOPERS),
    Place(msgid("Exports"), "/admin/exports", EXPORTERS),
    Place(msgid("Attempts"), "/admin/attempts", NOT_MARKETERS),
    Place(msgid("Live feed"), "/admin/live", NOT_MARKETERS),
    Place(msgid("Failures"), "/admin/failures", NOT_MARKETERS),
    Place(msgid("Scopes"), "/admin/scopes", NOT_DEVELOPERS),
    Place(msgid("Token health"), "/admin/tokens", TOKEN_READERS),
    Place(msgid("Accounts"), "/admin/accounts", ADMINS),
    Place(msgid("Sites"), "/admin/sites", SITE_READERS),
    Place(msgid("Staff"), "/admin/staff", ADMINS),
    Place(msgid("Audit log"), "/admin/audit", ADMINS),
    Place(msgid("Incident notice"), "/admin/notice", TOKEN_KEEPERS),
    Place(msgid("Doctor"), "/admin/doctor", TOKEN_KEEPERS),
)


def places_for(role: Role) -> list[Place]:
    """The menu of somebody with this role."""
    return [place for place in PLACES if role in place.roles]
