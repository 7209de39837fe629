"""Sentences and symptoms: which entry of the catalogue is meant by WeChat's words, or by what somebody sees."""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from wxadmin.wechat import errcodes
from wxadmin.wechat.replies import HINTS, RID

_NO_SIGN = re.compile(r"[\W_]+")
_IS_CHINESE = re.compile(r"[\u3400-\u9fff]")
_FEWEST_CHINESE = 2
_FEWEST_LETTERS = 4
# Half of the pairs of neighbouring signs in common: a sentence with another word in it, not another sentence.
_ALIKE = 0.5
_SHOWN = 8
_EXACT = 3.0
_SYMPTOM = "symptom_"


@dataclass(frozen=True, slots=True)
class Meant:
    """`is_exact` where the text is the catalogue's phrase and nothing else, blanks and punctuation aside."""

    code: str
    is_exact: bool


def meant(text: str) -> Sequence[Meant]:
    """The entries that the text speaks of, the likeliest first; each code once."""
    asked = _plain(HINTS.sub("", RID.sub("", text)))
    if not _says_enough(asked):
        return []
    best: dict[str, float] = {}
    pairs = _pairs(asked)
    for phrase in _phrases():
        score = _score(asked, pairs, phrase)
        if score > best.get(phrase.code, 0):
            best[phrase.code] = score
    # What somebody sees names the codes that may be behind it, and so goes before each of them.
    ranked = sorted(best.items(), key=lambda item: (-item[1], not item[0].startswith(_SYMPTOM)))
    if ranked and ranked[0][1] >= _EXACT and ranked[0][0].startswith(_SYMPTOM):
        return [Meant(ranked[0][0], is_exact=True)]
    # Where the words are there, what is merely alike would only stand in the way.
    floor = 1.0 if ranked and ranked[0][1] >= 1 else _ALIKE
    if ranked and ranked[0][1] >= _EXACT:
        floor = _EXACT
    return [Meant(code, score >= _EXACT) for code, score in ranked if score >= floor][:_SHOWN]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """`pairs` are those of the plain text: they are counted once, not for each search."""

    code: str
    plain: str
    pairs: Counter[str]


def _score(asked: str, pairs: Counter[str], phrase: _Phrase) -> float:
    """From 0 to 3; in between, by how much of the longer one the shorter one is."""
    plain = phrase.plain
    if asked == plain:
        return _EXACT
    if plain in asked:
        return 2 + len(plain) / len(asked) if _says_enough(plain) else 0
    if asked in plain:
        return 1 + len(asked) / len(plain)
    return _alike(pairs, len(asked) - 1, phrase)


def _alike(pairs: Counter[str], number: int, phrase: _Phrase) -> float:
    """The share of pairs of neighbouring signs that both have, as Dice reckons it, below 1; 0 where lengths alone keep
    it below _ALIKE. `number` is how many pairs there are of what is asked."""
    of_phrase = len(phrase.plain) - 1
    if 2 * min(number, of_phrase) < _ALIKE * (number + of_phrase):
        return 0
    in_common = sum(min(times, pairs[pair]) for pair, times in phrase.pairs.items() if pair in pairs)
    return 2 * in_common / max(1, number + of_phrase) * 0.999


def _pairs(text: str) -> Counter[str]:
    return Counter(text[at : at + 2] for at in range(len(text) - 1))


def _says_enough(plain: str) -> bool:
    fewest = _FEWEST_CHINESE if _IS_CHINESE.search(plain) else _FEWEST_LETTERS
    return len(plain) >= fewest and not plain.isdigit()


def _plain(text: str) -> str:
    """Without case, width, blanks and punctuation."""
    return _NO_SIGN.sub("", unicodedata.normalize("NFKC", text).casefold())


@cache
def _phrases() -> tuple[_Phrase, ...]:
    known = dict.fromkeys((code, plain) for code, text in _texts() if (plain := _plain(text)))
    return tuple(_Phrase(code, plain, _pairs(plain)) for code, plain in known)


def _texts() -> Iterator[tuple[str, str]]:
    """What the catalogue itself says, and what else people say for it."""
    for entry in errcodes.all_entries():
        yield from ((entry.code, text) for text in (entry.errmsg, entry.title_zh, entry.title_en))
    source = resources.files(__package__).joinpath("phrases.csv").read_text(encoding="utf-8")
    yield from ((row["code"], row["phrase"]) for row in csv.DictReader(source.splitlines()))
