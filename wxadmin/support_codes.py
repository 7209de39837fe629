"""Support codes: seven random signs and a check sign that can be read out over the phone."""

import re
import secrets
import unicodedata

# Crockford's 32: no I, L, O or U.
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {sign: value for value, sign in enumerate(_SIGNS)}
_RANDOM_SIGNS = 7
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})
# What is taken for one another, on paper and on the telephone; O, I and L are no signs and put right as they are.
_LOOK_ALIKES = ("5S", "2Z", "8B", "17", "0D", "0Q", "6G", "CG", "UV", "VY", "VW", "MN", "38", "EF", "PR", "4A", "69")
# An underscore stays: reasons such as gw_timeout are typed into the same box.
_NO_SIGN = re.compile(r"[^0-9A-Z_]")


def make() -> str:
    """A new code of eight signs, stored and looked up in this form."""
    bits = secrets.randbits(5 * _RANDOM_SIGNS)
    signs = [_SIGNS[bits >> shift & 31] for shift in range(0, 5 * _RANDOM_SIGNS, 5)]
    return "".join(signs) + _check_sign(signs)


def show(code: str) -> str:
    """The form that people read: `K7M2-Q9XD`."""
    return f"{code[:4]}-{code[4:]}"


def read(typed: str) -> str | None:
    """The code that was meant, or None where it was mistyped.

    Forgives case, the wide letters of a Chinese keyboard, every dash, blank and mark, Chinese words around the code
    (`编号：K7M2——Q9XD。`), and O, I and L. Any one wrong sign and any two neighbours swapped are noticed.
    """
    code = _signs(typed)
    if len(code) != _RANDOM_SIGNS + 1 or any(sign not in _VALUES for sign in code):
        return None
    return code if _check_sign(code[:-1]) == code[-1] else None


def near(typed: str) -> list[str]:
    """The codes that fit together and differ from what was typed in one sign that is like another."""
    code = _signs(typed)
    if len(code) != _RANDOM_SIGNS + 1:
        return []
    changed = [code[:at] + other + code[at + 1 :] for at, sign in enumerate(code) for other in _like(sign)]
    return [one for one in changed if read(one) == one]


def is_one_short(typed: str) -> bool:
    """Whether it has all the signs of a code but one."""
    signs = _signs(typed)
    return len(signs) == _RANDOM_SIGNS and all(sign in _VALUES for sign in signs)


def _signs(typed: str) -> str:
    return _NO_SIGN.sub("", unicodedata.normalize("NFKC", typed).upper()).translate(_MISREAD)


def _like(sign: str) -> str:
    return "".join(pair.replace(sign, "") for pair in _LOOK_ALIKES if sign in pair)


def _check_sign(signs: str | list[str]) -> str:
    """The sign that makes the weighted sum zero in the field of 32 elements.

    Multiplying by the generator between signs gives each place its own weight, so a wrong sign (a non-zero
    difference times a weight) and a swap (the difference times the sum of two weights) never cancel out.
    """
    total = 0
    for sign in signs:
        total = _times_generator(total ^ _VALUES[sign])
    return _SIGNS[total]


def _times_generator(value: int) -> int:
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled
