"""What the receipt of deleted personal data says of tables and files, in words."""

from wxadmin.database.scrubbing import Cleaned
from wxadmin.i18n import msgid

TABLES = {
    "attempt": msgid("Attempts"),
    "attempt_note": msgid("Notes of staff"),
    "audit_entry": msgid("Words in the audit log"),
    "reveal": msgid("Seen in the clear"),
    "ticket": msgid("Login tickets"),
    "token": msgid("WeChat tokens"),
    "uploaded_value": msgid("Values of uploaded lists"),
    "user": msgid("Profiles"),
    "user_channel": msgid("Member references of channels"),
}

CLEANED = {
    Cleaned.REWRITTEN.value: msgid("written anew, nothing is left"),
    Cleaned.OVERWRITTEN.value: msgid("overwritten with zeros"),
    Cleaned.VACUUMED.value: msgid("given free; what is left on a page of a big table goes as the page fills"),
}
