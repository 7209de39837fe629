"""What a search has found, and whether it leads to one page alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from wxadmin import support_codes
from wxadmin.lookup import phrases
from wxadmin.lookup.pasted import Pasted
from wxadmin.queries.search import AttemptHit, UserHit
from wxadmin.queries.users import UserRow
from wxadmin.wechat import errcodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """`address` is below PUBLIC_URL; `is_exact` where the text names this and nothing else, `is_guess` where it may
    well mean something else."""

    title: str
    address: str
    note: str = ""
    at: datetime | None = None
    outcome: str | None = None
    is_exact: bool = False
    is_guess: bool = False


@dataclass(slots=True, kw_only=True)
class Found:
    """By kind; what somebody's role may not see is not among it."""

    attempts: Sequence[Hit] = ()
    people: Sequence[Hit] = ()
    has_more_people: bool = False
    codes: Sequence[Hit] = ()
    sites: Sequence[Hit] = ()
    lists: Sequence[Hit] = ()

    def __iter__(self) -> Iterator[Hit]:
        yield from (*self.attempts, *self.people, *self.codes, *self.sites, *self.lists)


def only_one(found: Found) -> str | None:
    """The address of the one page that is meant: a login or a person goes before the errcode beside it, what is named
    exactly before what is merely like it."""
    hits = list(found)
    for kind in ([*found.attempts, *found.people], hits):
        exact = [hit for hit in kind if hit.is_exact]
        if exact:
            return exact[0].address if len(exact) == 1 else None
    is_alone = len(hits) == 1 and not found.has_more_people and not hits[0].is_guess
    return hits[0].address if is_alone else None


def of_attempt(one: AttemptHit, *, is_guess: bool) -> Hit:
    shown = support_codes.show(one.support_code)
    return Hit(
        title=shown,
        address=f"/admin/attempts/{shown}",
        note=one.site or "",
        at=one.started_at,
        outcome=one.outcome,
        is_exact=not is_guess,
        is_guess=is_guess,
    )


def of_person(one: UserHit | UserRow, unnamed: str, *, is_exact: bool) -> Hit:
    """`unnamed` stands for a nickname that is not known."""
    note = f"{one.openid} · {one.account}"
    return Hit(title=one.nickname or unnamed, address=f"/admin/users/{one.id}", note=note, is_exact=is_exact)


def of_codes(asked: Pasted, lang: str, *, is_found: bool) -> Sequence[Hit]:
    """The entries of the catalogue that are named or spoken of. A number alone is no errcode for sure where something
    else `is_found` by it, or where the catalogue does not have it."""
    if asked.is_number:
        return [_of_code(code, lang, is_exact=errcodes.is_listed(code) and not is_found) for code in asked.codes]
    named = {code: True for code in asked.codes if errcodes.is_listed(code)}
    spoken_of = {one.code: one.is_exact for one in phrases.meant(asked.text)} if not named else {}
    return [_of_code(code, lang, is_exact=exact) for code, exact in (named | spoken_of).items()]


def _of_code(code: str, lang: str, *, is_exact: bool) -> Hit:
    # What visitors see has no number, and what it is filed under says nothing to people.
    note = "" if code.startswith(("symptom_", "page_")) else code
    title = errcodes.find(code, "any").title(lang)
    is_guess = not errcodes.is_listed(code)
    return Hit(title=title, address=f"/admin/failures/{code}", note=note, is_exact=is_exact, is_guess=is_guess)
