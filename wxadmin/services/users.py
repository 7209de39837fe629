"""People as service accounts know them: stored at each login, with the site and channel they came through."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from sqlalchemy import case, func

from wxadmin.database.engines import has_one_writer
from wxadmin.database.sets import SetInsert, SetSelect
from wxadmin.models import BLOCK, User, UserChannel
from wxadmin.services.batch import Batch

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Profile:
    """What /sns/userinfo told."""

    nickname: str
    headimgurl: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """Whose login it is, and what WeChat told of them at it; None where it told nothing."""

    openid: str
    profile: Profile | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A person was seen at a login."""

    account_id: int
    openid: str
    unionid: str | None
    profile: Profile | None
    granted_userinfo: bool
    site_id: int
    channel: str | None
    ref: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredUser:
    """Whose login it was, and whether it was their first of all, and of its day."""

    id: int
    is_new: bool
    first_of_day: bool


def remember(batch: Batch, sightings: Sequence[Sighting]) -> list[StoredUser]:
    """Inserts or updates the user of each sighting, and their channel. The same person may be seen more than once."""
    known = _known(batch, sightings)
    stored = _store_users(batch, sightings, known)
    last_logins = {key: person.last_login_at for key, person in known.items()}
    users = _stored_users(sightings, stored, last_logins, batch.zone)
    _store_channels(batch, sightings, users)
    for user in users:
        batch.user_changed(user.id)
    return users


class _Known(NamedTuple):
    id: int
    last_login_at: datetime


def _known(batch: Batch, sightings: Sequence[Sighting]) -> dict[Key, _Known]:
    """Those among them who are known. Their rows stay locked, so that of two processes only one finds a login to be
    the first of the day."""
    found = _KNOWN.execute(batch.connection, ((seen.account_id, seen.openid) for seen in sightings))
    return {(account_id, openid): _Known(*person) for account_id, openid, *person in found}


_KNOWN = SetSelect(
    User, ["account_id", "openid", "id", "last_login_at"], key=["account_id", "openid"], lock=["account_id", "openid"]
)


def _stored_users(
    sightings: Sequence[Sighting], stored: dict[Key, tuple[int, bool]], last_logins: dict[Key, datetime], zone: tzinfo
) -> list[StoredUser]:
    """One for each sighting, in order: of several of one person, the first alone is the new user's."""
    users = []
    unmet = {key for key, (_, is_new) in stored.items() if is_new}
    days = {key: at.astimezone(zone).date() for key, at in last_logins.items()}
    for seen in sightings:
        key = (seen.account_id, seen.openid)
        is_new, day = key in unmet, seen.at.astimezone(zone).date()
        # Whoever another process stored between our look and our insert has had the first login of the day there.
        first_of_day = is_new or (key in days and days[key] < day)
        users.append(StoredUser(stored[key][0], is_new, first_of_day))
        unmet.discard(key)
        days[key] = max(days.get(key, day), day)
    return users


def _store_users(batch: Batch, sightings: Sequence[Sighting], known: dict[Key, _Known]) -> dict[Key, tuple[int, bool]]:
    """Ids, and who is new."""
    rows: dict[Key, dict[str, Any]] = {}
    for seen in sightings:
        key = (seen.account_id, seen.openid)
        row = _user_row(seen, batch.ids.draw())
        rows[key] = _folded(rows[key], row) if key in rows else row
    in_order = [rows[key] for key in sorted(rows)]
    if has_one_writer(batch.connection):
        # Nobody can have stored any of them since we looked.
        _USERS.execute(batch.connection, in_order)
        found = {key: known[key].id if key in known else row["id"] for key, row in rows.items()}
    else:
        stored = _USERS.execute_returning(batch.connection, in_order)
        found = {(account_id, openid): user_id for user_id, account_id, openid in stored}
    # A user is new where the id that was proposed is the one that was stored.
    return {key: (found[key], found[key] == row["id"]) for key, row in rows.items()}


def _user_row(seen: Sighting, proposed_id: int) -> dict[str, Any]:
    profile = seen.profile
    return {
        "id": proposed_id,
        "account_id": seen.account_id,
        "openid": seen.openid,
        "unionid": seen.unionid,
        "nickname": profile.nickname if profile else None,
        "headimgurl": profile.headimgurl if profile else None,
        "language": profile.language if profile else None,
        "profile_at": seen.at if profile else None,
        "granted_base": True,
        "granted_userinfo": seen.granted_userinfo,
        "explicit_at": seen.at if seen.granted_userinfo else None,
        "first_seen_at": seen.at,
        "last_login_at": seen.at,
        "logins": 1,
        "last_site_id": seen.site_id,
        "last_channel": seen.channel,
        "last_ref": seen.ref,
        "change_no": 0,
    }


# A silent login tells nothing of these, so it takes nothing of them away.
_KEPT = ("unionid", "nickname", "headimgurl", "language", "profile_at", "last_ref")


def _folded(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    kept = {name: earlier[name] for name in _KEPT if later[name] is None}
    return {
        **later,
        **kept,
        "id": earlier["id"],
        "first_seen_at": earlier["first_seen_at"],
        "last_login_at": max(earlier["last_login_at"], later["last_login_at"]),
        "logins": earlier["logins"] + later["logins"],
        "granted_userinfo": earlier["granted_userinfo"] or later["granted_userinfo"],
        "explicit_at": earlier["explicit_at"] or later["explicit_at"],
    }


_USERS = SetInsert(
    User,
    # Nobody comes forgotten, and whoever is not to be contacted stays so.
    [column.name for column in User.__table__.c if column.name not in {"forgotten_at", *BLOCK}],
    key=["account_id", "openid"],
    returning=["id", "account_id", "openid"],
    changes=lambda stored, proposed: {
        **{name: func.coalesce(proposed[name], stored[name]) for name in _KEPT},
        **{name: proposed[name] for name in ("last_site_id", "last_channel")},
        # Never back: one day's first login must not be found twice.
        "last_login_at": case(
            (stored.last_login_at > proposed.last_login_at, stored.last_login_at), else_=proposed.last_login_at
        ),
        "granted_userinfo": stored.granted_userinfo | proposed.granted_userinfo,
        # Where it was granted before this was kept, it stays unknown: a later consent was not the first.
        "explicit_at": case((stored.granted_userinfo, stored.explicit_at), else_=proposed.explicit_at),
        "logins": stored.logins + proposed.logins,
    },
)


def _store_channels(batch: Batch, sightings: Sequence[Sighting], users: Sequence[StoredUser]) -> None:
    rows: dict[tuple[int, int, str], dict[str, Any]] = {}
    for seen, user in zip(sightings, users, strict=True):
        key = (user.id, seen.site_id, seen.channel or "")
        earlier = rows.get(key)
        rows[key] = {
            "user_id": user.id,
            "site_id": seen.site_id,
            "channel": seen.channel or "",
            "first_at": earlier["first_at"] if earlier else seen.at,
            "last_at": seen.at,
            "logins": earlier["logins"] + 1 if earlier else 1,
            "last_ref": seen.ref or (earlier["last_ref"] if earlier else None),
        }
    _CHANNELS.execute(batch.connection, [rows[key] for key in sorted(rows)])


_CHANNELS = SetInsert(
    UserChannel,
    key=["user_id", "site_id", "channel"],
    changes=lambda stored, proposed: {
        "last_at": proposed.last_at,
        "logins": stored.logins + proposed.logins,
        "last_ref": func.coalesce(proposed.last_ref, stored.last_ref),
    },
)
