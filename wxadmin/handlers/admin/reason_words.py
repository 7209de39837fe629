"""Why a person is shown in the clear, or forgotten, in words."""

from wxadmin.i18n import msgid
from wxadmin.models import ErasureReason
from wxadmin.services.reveals import Reason

REASON_WORDS = {
    Reason.CUSTOMER_ASKS: msgid("The customer asks for help with a login"),
    Reason.RIGHT_PERSON: msgid("To be sure that it is the right person"),
    Reason.SITE_ASKS: msgid("The site asks about a customer of theirs"),
    Reason.OWN_DATA: msgid("The person asks what is known of them"),
    Reason.OTHER: msgid("Another reason, said in the note"),
}

ERASURE_WORDS = {
    ErasureReason.PERSON_ASKS: msgid("The person asks for it"),
    ErasureReason.CONSENT_WITHDRAWN: msgid("The person has withdrawn the consent"),
    ErasureReason.PURPOSE_ENDED: msgid("It is no longer needed for what it was collected for"),
    ErasureReason.OTHER: msgid("Another reason, said in the note"),
}


def nothing_entered(name: str, stored: str = "") -> str:
    """What a form shows in a field before it has been sent."""
    return stored
