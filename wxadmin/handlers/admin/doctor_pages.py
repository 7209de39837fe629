"""The pages on which what the doctor finds can be mended, besides the command that it names."""

from dataclasses import dataclass

from wxadmin.doctor.findings import Finding
from wxadmin.handlers.admin.menu import ADMINS
from wxadmin.i18n import msgid
from wxadmin.models import Role

# By check; %s is the account or site that the finding is about.
_OF_ACCOUNTS = {
    "accounts": "/admin/new/account",
    "app-secret": "/admin/accounts/%s/secret",
    **dict.fromkeys(("ownership-file", "verification", "refreshing"), "/admin/accounts/%s"),
}
_OF_SITES = {
    "sites": "/admin/new/site",
    "hand-off": "/admin/sites/%s",
    **dict.fromkeys(
        ("return-urls", "page-codes", "origins", "contact", "privacy-link", "trial-sites"), "/admin/sites/%s/change"
    ),
}
_FORMS = _OF_ACCOUNTS | _OF_SITES | {"staff": "/admin/new/person"}


@dataclass(frozen=True, slots=True)
class Form:
    """`name` is a msgid, `address` below the path of PUBLIC_URL."""

    name: str
    address: str


def form_for(finding: Finding, role: Role) -> Form | None:
    """Where it is done in the dashboard, for those who may; None where nothing is to be done, or not there."""
    pattern = _FORMS.get(finding.check)
    if not finding.remedy or pattern is None or role not in ADMINS or ("%s" in pattern and not finding.about):
        return None
    return Form(msgid("Do it here"), pattern % finding.about if "%s" in pattern else pattern)
