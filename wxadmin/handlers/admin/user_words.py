"""The words for users on pages: states of tokens, how a step went, and the badges of both."""

from wxadmin.i18n import msgid
from wxadmin.models import Class
from wxadmin.queries.token_states import TokenHealth
from wxadmin.vocabulary import Word

TOKENS = {
    TokenHealth.FRESH: Word(msgid("Fresh"), "ok"),
    TokenHealth.DUE: Word(msgid("Due"), "ok"),
    TokenHealth.REFRESHING: Word(msgid("Refreshing"), "ok"),
    TokenHealth.BACKING_OFF: Word(msgid("Backing off"), "ok"),
    TokenHealth.PAUSED: Word(msgid("Paused"), "wait"),
    TokenHealth.LATE: Word(msgid("Late"), "bad"),
    TokenHealth.RESTING: Word(msgid("Expired, not renewed here"), "stop"),
    TokenHealth.NEEDS_CONSENT: Word(msgid("Needs consent"), "bad"),
    TokenHealth.NEXT_VISIT: Word(msgid("Comes back at the next visit"), "harmless"),
    TokenHealth.NONE: Word(msgid("No token"), "stop"),
}

CLASSES = {
    Class.OK: Word(msgid("Succeeded"), "ok"),
    Class.FAILURE: Word(msgid("Failed"), "bad"),
    Class.HARMLESS: Word(msgid("Duplicate (harmless)"), "harmless"),
    Class.REFUSED: Word(msgid("Refused start"), "stop"),
    Class.ABANDONED: Word(msgid("Never came back"), "stop"),
    Class.BLOCKED: Word(msgid("Refused to the site"), "stop"),
}
