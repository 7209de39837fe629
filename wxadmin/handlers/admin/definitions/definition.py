"""What is said about one number."""

from dataclasses import dataclass

from wxadmin.i18n import msgid


@dataclass(frozen=True, slots=True)
class Definition:
    """`anchor` is its place on the page, `name` and `formula` are msgids; `sql` asks the events or rows themselves.

    The names with a colon in it are listed in PARAMETERS. It is shown, never run from here.
    """

    anchor: str
    name: str
    formula: str
    table: str
    sql: str


PARAMETERS = {
    "start": msgid("The first moment of the span, in UTC, as are all moments."),
    "end": msgid("The first moment after the span: of today or the newest days, the end of the hour that runs."),
    "now": msgid("The moment that the page names."),
    "ten_minutes_ago": msgid("Ten minutes before the moment at which the page was opened."),
    "this_hour": msgid("The hour that runs."),
    "hour_after_three_days": msgid("The end of the hour in which the third day from now ends."),
    "support_code": msgid("The support code, in capitals and without the hyphen."),
    "user_id": msgid("The number at the end of the page's address."),
}
"""What stands for each name in the SQL, as msgids."""
