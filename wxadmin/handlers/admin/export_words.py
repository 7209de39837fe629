"""The words of exports: where files go, what for, how they are written, and what became of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wxadmin.exporting.comparing import Finding
from wxadmin.exporting.subjects import SUBJECTS
from wxadmin.handlers.admin.range_words import NEARNESS, RANGES
from wxadmin.handlers.admin.user_words import TOKENS
from wxadmin.i18n import msgid
from wxadmin.models import Class, Destination, ExportState, ExportSubject, Format, Purpose
from wxadmin.queries.user_filters import Choices, Contact, GrantedScope, UnionidKnown
from wxadmin.services.export_jobs import Failure
from wxadmin.vocabulary import BROWSERS, CLASSES, OUTCOMES, SCOPES, STAGES, Word

Say = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Place:
    """A destination: what it is called, and what it makes of the file."""

    name: str
    hint: str


DESTINATIONS = {
    Destination.WECHAT_PAY: Place(
        msgid("WeChat Pay audience package"),
        msgid("One OpenID a line in a .csv file without heading; its SHA-256 can be copied for the upload."),
    ),
    Destination.TENCENT_ADS: Place(
        msgid("Tencent Ads number package"),
        msgid("One OpenID a line, each text in a ZIP file, at most 100 MB a text."),
    ),
    Destination.MASS_SEND: Place(
        msgid("Message to many"),
        msgid("At most 10,000 OpenIDs a file, and never a file with only one: WeChat takes two or more."),
    ),
    Destination.TAGGING: Place(
        msgid("Tagging"), msgid("OpenIDs with commas between them, fifty a line: as many as WeChat tags at once.")
    ),
    Destination.CRM: Place(
        msgid("Import into a CRM"),
        msgid("An Excel workbook with all columns, UnionID and member reference included."),
    ),
    Destination.OTHER: Place(msgid("Something else"), msgid("You choose format and columns yourself.")),
}
USUAL_PURPOSES = {
    Destination.WECHAT_PAY: Purpose.COUPONS,
    Destination.TENCENT_ADS: Purpose.ADS,
    Destination.MASS_SEND: Purpose.MASS_SEND,
    Destination.TAGGING: Purpose.TAGGING,
    Destination.CRM: Purpose.CRM,
}
SUBJECT_NAMES = {
    ExportSubject.USERS: msgid("Authorized users"),
    ExportSubject.ATTEMPTS: msgid("Attempts"),
    ExportSubject.FAILURES: msgid("Failures"),
    ExportSubject.EVENTS: msgid("Steps of logins and refreshes"),
}
FORMATS = {
    Format.XLSX: msgid("Excel workbook (XLSX)"),
    Format.CSV_EXCEL: msgid("CSV (opens in Excel/WPS)"),
    Format.CSV: msgid("CSV (for programs)"),
    Format.JSONL: msgid("JSON lines (for programs)"),
    Format.OPENIDS: msgid("List of OpenIDs (no heading)"),
}
PURPOSES = {
    Purpose.COUPONS: msgid("Giving out coupons"),
    Purpose.MASS_SEND: msgid("Message to many"),
    Purpose.TAGGING: msgid("Tagging"),
    Purpose.ADS: msgid("Advertising"),
    Purpose.CRM: msgid("Import into a CRM"),
    Purpose.CUSTOMER: msgid("A customer asks for it"),
    Purpose.OTHER: msgid("Another purpose, said in the note"),
}
STATES = {
    ExportState.WAITING: Word(msgid("Waiting for its turn"), "wait"),
    ExportState.RUNNING: Word(msgid("Being written"), "wait"),
    ExportState.DONE: Word(msgid("Done"), "ok"),
    ExportState.FAILED: Word(msgid("Failed"), "bad"),
    ExportState.CANCELLED: Word(msgid("Cancelled"), "stop"),
}
FAILURES = {
    Failure.DATABASE: msgid("The database was lost while it was read. Start the export again."),
    Failure.DISK: msgid("The disk that files are kept on could not be written. An administrator has to look at it."),
    Failure.DISK_FULL: msgid(
        "The disk that files are kept on is full. Start again when an administrator has made room."
    ),
    Failure.EARLIER_GONE: msgid(
        "Whom the earlier export held is not known any more. Export everybody, and later what has changed since."
    ),
    Failure.INTERRUPTED: msgid(
        "Its process ended five times while it was being written. An administrator has to look."
    ),
    Failure.LIST_GONE: msgid("An uploaded list that it goes by was deleted meanwhile."),
    Failure.NOT_AS_COUNTED: msgid("The rows written were not as many as were counted. Start the export again."),
    Failure.ONE_PERSON: msgid("Only one person fits: WeChat takes two or more for a message to many."),
    Failure.UNEXPECTED: msgid("Something unforeseen happened; the log of the program says what."),
}
FINDINGS = {
    Finding.WHOLE: Word(msgid("Whole: to the byte what the export made"), "ok"),
    Finding.CUT: Word(msgid("Cut: its end is missing"), "bad"),
    Finding.SHORTER: Word(msgid("Shorter than it was; too little is left to say more"), "bad"),
    Finding.LONGER: Word(msgid("Changed: something was added at its end"), "bad"),
    Finding.CHANGED: Word(msgid("Changed: it is not what the export made"), "bad"),
}
NO_MASKS = msgid("Everything in the clear (command line)")
_FILTERS = {
    "q": msgid("OpenID, UnionID, member reference or nickname"),
    "account": msgid("Service account"),
    "site": msgid("Came to site"),
    "channel": msgid("Channel / campaign"),
    "scope": msgid("Scopes granted"),
    "token": msgid("Token"),
    "first_from": msgid("First login from"),
    "first_to": msgid("First login to"),
    "last_from": msgid("Last login from"),
    "last_to": msgid("Last login to"),
    "came_from": msgid("Authorized this way from"),
    "came_to": msgid("Authorized this way to"),
    "consent_from": msgid("Consent ends from"),
    "consent_to": msgid("Consent ends to"),
    "logins_min": msgid("Logins at least"),
    "logins_max": msgid("Logins at most"),
    "unionid": "UnionID",
    "contact": msgid("Whether to contact"),
    "only": msgid("Only these people"),
    "without": msgid("Without these people"),
    "outcome": msgid("Outcome"),
    "browser": msgid("Browser"),
    "version": msgid("WeChat version begins with"),
    "code": msgid("Errcode or reason"),
    "openid": "OpenID",
    "ref": msgid("Member reference"),
    "ip": msgid("IP address"),
    "around": msgid("Around"),
    "within": msgid("How near"),
    "from": msgid("From"),
    "to": msgid("To"),
    "stage": msgid("Step"),
    "class": msgid("How it went"),
    "range": msgid("Range"),
}
# What values of filters are called; others are told as they were typed.
_VALUES: Mapping[str, Mapping[str, str]] = {
    "scope": {GrantedScope.SILENT: msgid("Silent only"), GrantedScope.EXPLICIT: msgid("Explicit"), **SCOPES},
    "token": {state: word.name for state, word in TOKENS.items()},
    "unionid": {UnionidKnown.KNOWN: msgid("Known"), UnionidKnown.UNKNOWN: msgid("Not known")},
    "contact": {Contact.ALLOWED: msgid("May be contacted"), Contact.BLOCKED: msgid("Do not contact")},
    "outcome": {outcome: word.name for outcome, word in OUTCOMES.items()},
    "browser": BROWSERS,
    "stage": {str(stage): name for stage, name in STAGES.items()},
    "class": {Class.OK: msgid("Succeeded"), **{one: word.name for one, word in CLASSES.items()}},
    "range": RANGES,
    "within": NEARNESS,
}


def filters_in_words(given: Mapping[str, str], choices: Choices, say: Say) -> list[tuple[str, str]]:
    """What was asked for, as the list's own form calls it."""
    return [(say(_FILTERS.get(name, name)), _known_value(name, value, choices, say)) for name, value in given.items()]


def columns_in_words(subject: ExportSubject, names: str, say: Say) -> list[str]:
    columns = SUBJECTS[subject].columns
    return [say(columns[name].heading) if name in columns else name for name in names.split(",")]


def _known_value(name: str, value: str, choices: Choices, say: Say) -> str:
    """What a later program has no word for stands as it is kept."""
    try:
        return _value(name, value, choices, say)
    except ValueError:
        return value


def _value(name: str, value: str, choices: Choices, say: Say) -> str:
    if name == "account":
        return choices.accounts.get(value, value)
    if name == "site":
        return choices.sites.get(value, value)
    if name in {"only", "without"} and (one := choices.lists.get(value)):
        return say(msgid("%(name)s (%(values)s values)")) % {"name": one.name, "values": f"{one.values:,}"}
    return say(_VALUES[name].get(value, value)) if name in _VALUES else value
