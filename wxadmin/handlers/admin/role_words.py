"""What the roles are called."""

from wxadmin.i18n import msgid
from wxadmin.models import Role

ROLE_WORDS = {
    Role.ADMIN: msgid("Administrator"),
    Role.OPERATOR: msgid("Operator"),
    Role.MARKETER: msgid("Marketer"),
    Role.SUPPORT: msgid("Support"),
    Role.DEVELOPER: msgid("Developer"),
}
