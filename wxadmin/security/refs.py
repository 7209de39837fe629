"""A site's own number for a person, as it comes with a link or a redemption: what of it may be kept.

Phone and identity numbers say more of somebody than a gateway has to know: sites are told to send the number of their
own instead. Ordinary numbers must pass, so that all of it has to fit before one is taken for such: the form, and what
an identity number says of place, day and check sign.
"""

import re
import unicodedata
from datetime import date

from wxadmin.clock import utcnow

_LENGTH = 64
_FORM = f"ref must be up to {_LENGTH} printable characters"
_PERSONAL = (
    "ref looks like %s: send the site's own number for the person instead; where yours only looks alike, put a letter "
    "in front"
)
_HYPHENS = re.compile("[\u2010-\u2015\u2212]")
_GAP = "[ .-]{0,3}"
_MOBILE = re.compile(rf"(?:\(?(?:\+|00)?86\)?{_GAP})?1[3-9][0-9]{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}")
# It begins with a province; with 9 and the first digit of one for foreigners who live there.
_PLACE = "((?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[1-6])[0-9]{4})"
_IDENTITY = re.compile(rf"{_PLACE}{_GAP}([0-9]{{8}}){_GAP}([0-9]{{3}}[0-9Xx])")
_OLD_IDENTITY = re.compile(rf"{_PLACE}{_GAP}([0-9]{{6}}){_GAP}[0-9]{{3}}")
# ISO 7064, MOD 11-2.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_SIGNS = "10X98765432"


def problem(ref: str) -> str | None:
    """What is wrong with a ref, in words for the site's developer that do not repeat it; None where it may be kept."""
    if len(ref) > _LENGTH or not ref.isprintable():
        return _FORM
    # Wide digits and signs mean the same to whoever reads them.
    plain = _HYPHENS.sub("-", unicodedata.normalize("NFKC", ref)).strip()
    if _MOBILE.fullmatch(plain):
        return _PERSONAL % "a mobile number"
    if _is_identity(plain) or _is_old_identity(plain):
        return _PERSONAL % "an ID-card number"
    return None


def _is_identity(text: str) -> bool:
    found = _IDENTITY.fullmatch(text)
    if found is None:
        return False
    place, day, rest = found.groups()
    digits, sign = f"{place}{day}{rest}"[:-1], rest[-1].upper()
    is_right = sign == _CHECK_SIGNS[sum(int(digit) * by for digit, by in zip(digits, _WEIGHTS, strict=True)) % 11]
    return is_right and _is_birthday(day)


def _is_old_identity(text: str) -> bool:
    found = _OLD_IDENTITY.fullmatch(text)
    return found is not None and _is_birthday(f"19{found[2]}")


def _is_birthday(text: str) -> bool:
    """Whether somebody may have been born on the day, YYYYMMDD."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return False
    return date(1900, 1, 1) <= day <= utcnow().date()
