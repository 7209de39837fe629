"""What ranges of days are called."""

from wxadmin.i18n import msgid

RANGES = {"today": msgid("Today"), "yesterday": msgid("Yesterday"), "7": msgid("7 days"), "30": msgid("30 days")}
