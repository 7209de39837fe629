"""What ranges of days are called, and how far from a moment is looked."""

from wxadmin.i18n import msgid

NEARNESS = {
    "10": msgid("± 10 minutes"),
    "30": msgid("± 30 minutes"),
    "120": msgid("± 2 hours"),
}
RANGES = {"today": msgid("Today"), "yesterday": msgid("Yesterday"), "7": msgid("7 days"), "30": msgid("30 days")}
