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
    """`address` is below PUBLIC_URL; `is_exact` where the text names this and nothing else."""

    title: str
    address: str
    note: str = ""
    at: datetime | None = None
    outcome: str | None = None
    is_exact: bool = False


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
    return hits[0].address if len(hits) == 1 and not found.has_more_people else None


def of_attempt(one: AttemptHit) -> Hit:
    shown = support_codes.show(one.support_code)
    return Hit(
        title=shown,
        address=f"/admin/attempts/{shown}",
        note=one.site or "",
        at=one.started_at,
        outcome=one.outcome,
        is_exact=True,
    )


def of_person(one: UserHit | UserRow, unnamed: str, *, is_exact: bool) -> Hit:
    """`unnamed` stands for a nickname that is not known."""
    note = f"{one.openid} · {one.account}"
    return Hit(title=one.nickname or unnamed, address=f"/admin/users/{one.id}", note=note, is_exact=is_exact)


def of_codes(asked: Pasted, lang: str) -> Sequence[Hit]:
    """The entries of the catalogue that are named or spoken of."""
    named = {code: True for code in asked.codes if errcodes.is_listed(code)}
    spoken_of = {one.code: one.is_exact for one in phrases.meant(asked.text)} if not named else {}
    return [
        Hit(title=errcodes.find(code, "any").title(lang), address=f"/admin/failures/{code}", note=code, is_exact=exact)
        for code, exact in (named | spoken_of).items()
    ]
