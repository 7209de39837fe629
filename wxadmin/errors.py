"""The few exceptions that carry a message fit to show: to an operator, a site's developer or a visitor."""


class WxadminError(Exception):
    """Something that the person in front of the program can mend; the text says how."""


class Refused(WxadminError):
    """What a person entered cannot be done. The text may be translated before its values are put in; a value may itself
    be a refusal. `field` is the form's, where one of them is to blame."""

    def __init__(self, text: str, *, field: str | None = None, **values: object) -> None:
        super().__init__(text % values if values else text)
        self.text = text
        self.field = field
        self.values = values


class SettingsRefused(WxadminError):
    """A WXADMIN_ variable has an unknown name or a bad value; one line for each."""


class SchemaNotCurrent(WxadminError):
    """The database is not at the newest schema."""


class SealBroken(WxadminError):
    """A sealed value cannot be opened: it was altered, or moved to another row."""


class KeyMissing(SealBroken):
    """The database was written under a key that this node does not have."""


class KeysDiffer(WxadminError):
    """The processes that serve have other keys than a command needs them to have."""


class KeyStillNeeded(WxadminError):
    """Something still needs the key that was to be done without."""


class DatabaseUnavailable(WxadminError):
    """The database is locked, gone or full; what was asked for is not known to be stored."""

    retry_after = 5


class Overloaded(WxadminError):
    """The queue of writes cannot be served in time; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too busy, try again in {retry_after} s")
        self.retry_after = retry_after


class TooManyAtOnce(WxadminError):
    """As many long reads run as may run at once."""

    def __init__(self, at_once: int) -> None:
        super().__init__(f"{at_once} of these are at work already: try again in a minute")


class NoSuchAccount(Refused):
    """No WeChat service account has this name."""

    def __init__(self, slug: str) -> None:
        super().__init__("there is no account %(name)r; `wxadmin account list` shows them", field="account", name=slug)


class NoSuchSite(Refused):
    """No site has this name."""

    def __init__(self, slug: str) -> None:
        super().__init__("there is no site %(name)r; `wxadmin site list` shows them", field="sites", name=slug)


class NoSuchStaff(Refused):
    """Nobody of the staff has this name."""

    def __init__(self, name: str) -> None:
        super().__init__("there is no staff member %(name)r; `wxadmin staff list` shows them", field="name", name=name)


class NoSuchUser(Refused):
    """Nobody is known by this id or openid; maybe not any more."""

    def __init__(self) -> None:
        super().__init__("there is no such user, or their data were deleted")


class NoSuchList(Refused):
    """No uploaded list has this number, or its time was up."""

    def __init__(self) -> None:
        super().__init__("there is no such uploaded list: it was deleted, or its time was up")


class NoSuchSegment(Refused):
    """No segment has this name or number; maybe not any more."""

    def __init__(self) -> None:
        super().__init__("there is no such segment, or it was deleted", field="segment")


class Taken(Refused):
    """A name or an appid that must be unique is in use."""


class BadValue(Refused):
    """A value that a person typed cannot be used; the text says what to type instead."""


class ReturnURLRefused(Refused):
    """A return address is malformed, or no site may use it."""
