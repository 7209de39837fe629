"""People as service accounts know them: stored at each login, with the site and channel they came through."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func

from wxadmin.database.sets import SetInsert
from wxadmin.models import User, UserChannel
from wxadmin.services.batch import Batch


@dataclass(frozen=True, slots=True)
class Profile:
    """What /sns/userinfo told."""

    nickname: str
    headimgurl: str | None
    language: str | None


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
    id: int
    is_new: bool


def remember(batch: Batch, sightings: Sequence[Sighting]) -> list[StoredUser]:
    """Inserts or updates the user of each sighting, and their channel. The same person may be seen more than once."""
    stored = _store_users(batch, sightings)
    users = [stored[seen.account_id, seen.openid] for seen in sightings]
    _store_channels(batch, sightings, users)
    for user in users:
        batch.user_changed(user.id)
    return users


def _store_users(batch: Batch, sightings: Sequence[Sighting]) -> dict[tuple[int, str], StoredUser]:
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for seen in sightings:
        key = (seen.account_id, seen.openid)
        row = _user_row(seen, batch.ids.draw())
        rows[key] = _folded(rows[key], row) if key in rows else row
    stored = _USERS.execute_returning(batch.connection, [rows[key] for key in sorted(rows)])
    found = {(account_id, openid): user_id for user_id, account_id, openid in stored}
    # A user is new where the id that was proposed is the one that was stored.
    return {key: StoredUser(found[key], is_new=found[key] == row["id"]) for key, row in rows.items()}


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
        "logins": earlier["logins"] + later["logins"],
        "granted_userinfo": earlier["granted_userinfo"] or later["granted_userinfo"],
    }


_USERS = SetInsert(
    User,
    key=["account_id", "openid"],
    returning=["id", "account_id", "openid"],
    changes=lambda stored, proposed: {
        **{name: func.coalesce(proposed[name], stored[name]) for name in _KEPT},
        **{name: proposed[name] for name in ("last_login_at", "last_site_id", "last_channel")},
        "granted_userinfo": stored.granted_userinfo | proposed.granted_userinfo,
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
