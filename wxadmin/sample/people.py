"""The crowd becomes rows: users, their channels and their tokens, each written once, when the story is over."""

from collections.abc import Iterator
from random import Random

from sqlalchemy import Connection, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from wxadmin.models import Attempt, Counter, Outcome, Token, User, UserChannel
from wxadmin.models.house import USER_CHANGES
from wxadmin.sample import bulk, profiles
from wxadmin.sample.bulk import Row
from wxadmin.sample.crowd import Crowd
from wxadmin.sample.fates import CONSENT, SILENT
from wxadmin.sample.moments import text, text_or_none
from wxadmin.sample.profiles import Profile
from wxadmin.sample.refreshing import REFRESH_TOKEN_LIFE, Renewed
from wxadmin.sample.token_rows import TOKEN_COLUMNS, Holder, token_row
from wxadmin.security.keys import KeyRing

_PEOPLE_AT_ONCE = 20_000
_REMEMBERED = 100

USER_COLUMNS = (
    *("id", "account_id", "openid", "unionid", "nickname", "headimgurl", "language", "profile_at"),
    *("granted_base", "granted_userinfo", "explicit_at", "first_seen_at", "last_login_at", "logins"),
    *("last_site_id", "last_channel", "last_ref", "change_no"),
)
CHANNEL_COLUMNS = ("user_id", "site_id", "channel", "first_at", "last_at", "logins", "last_ref")


class People:
    """Writes the crowd's rows. `until` is the end of the season; tokens whose thirty days are over are left out,
    but for those whose last refresh said so."""

    def __init__(self, crowd: Crowd, keys: KeyRing, rng: Random, *, until: int, renewed: dict[int, Renewed]) -> None:
        self._crowd = crowd
        self._keys = keys
        self._rng = rng
        self._until = until
        self._renewed = renewed
        self._known_elsewhere: list[Profile] = []
        self._changes = (0, 0)
        self.tokens = 0

    def store(self, connection: Connection) -> Iterator[float]:
        """Yields the share that is stored after each portion."""
        last_change = _draw_change_numbers(connection, len(self._crowd))
        first_change = last_change - len(self._crowd) + 1
        self._changes = (first_change, last_change)
        for start in range(0, len(self._crowd), _PEOPLE_AT_ONCE):
            people = range(start, min(start + _PEOPLE_AT_ONCE, len(self._crowd)))
            openids = [profiles.openid(self._crowd.home(person).account.openid_prefix, self._rng) for person in people]
            named = list(zip(people, openids, strict=True))
            users = [self._user(person, openid, first_change + person) for person, openid in named]
            tokens = [self._token(person, openid) for person, openid in named if self._has_token(person)]
            bulk.insert(connection, User, USER_COLUMNS, users)
            bulk.insert(connection, UserChannel, CHANNEL_COLUMNS, list(self._past_channels(people)))
            bulk.insert(connection, Token, TOKEN_COLUMNS, tokens)
            self.tokens += len(tokens)
            yield people.stop / len(self._crowd)

    def store_channels(self, connection: Connection) -> None:
        """Adds the logins that the stored people's attempts tell of, by site and channel."""
        if connection.dialect.name == "postgresql":
            # Statistics of what this transaction has stored: without them the join below is planned for empty tables.
            connection.exec_driver_sql('ANALYZE attempt, "user"')
        channel = func.coalesce(Attempt.channel, literal_column("''"))
        told = (
            select(
                *(Attempt.user_id, Attempt.site_id, channel),
                *(func.min(Attempt.ended_at), func.max(Attempt.ended_at), func.count(), func.max(Attempt.ref)),
            )
            .join(User, User.id == Attempt.user_id)
            .where(User.change_no.between(*self._changes), Attempt.outcome == Outcome.SUCCEEDED)
            .group_by(Attempt.user_id, Attempt.site_id, channel)
        )
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        statement = insert(UserChannel).from_select(CHANNEL_COLUMNS, told)
        # The logins before the season are there already.
        changes = {"last_at": statement.excluded.last_at, "logins": UserChannel.logins + statement.excluded.logins}
        key = [UserChannel.user_id, UserChannel.site_id, UserChannel.channel]
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changes))

    def _user(self, person: int, openid: str, change_no: int) -> Row:
        crowd, place = self._crowd, self._crowd.last_place(person)
        profile_at = crowd.profile_at[person] or None
        profile = self._profile(person) if profile_at else (None, None, None, None)
        return (
            *(crowd.ids[person], place.account_id, openid, *profile, text_or_none(profile_at)),
            *(1, int(crowd.consented_at[person] > 0), text_or_none(crowd.consented_at[person] or None)),
            *(text(crowd.first[person]), text(crowd.last[person]), crowd.logins[person]),
            *(place.site_id, crowd.last_channel(person), crowd.ref(person, place), change_no),
        )

    def _profile(self, person: int) -> Profile:
        """Some members are people whom another account knows too, by the same unionid."""
        if self._crowd.is_member(person) and self._known_elsewhere:
            return self._known_elsewhere.pop()
        profile = profiles.profile(self._rng)
        if not self._crowd.is_member(person) and len(self._known_elsewhere) < _REMEMBERED:
            self._known_elsewhere.append(profile)
        return profile

    def _past_channels(self, people: range) -> Iterator[Row]:
        for person in people:
            past = self._crowd.past(person)
            if past:
                channel = self._crowd.past_channel(past) or ""
                moments = (text(past.first), text(past.last))
                ref = self._crowd.ref(person, past.place)
                yield (self._crowd.ids[person], past.place.site_id, channel, *moments, past.logins, ref)

    def _has_token(self, person: int) -> bool:
        return self._crowd.last[person] + REFRESH_TOKEN_LIFE > self._until or person in self._renewed

    def _token(self, person: int, openid: str) -> Row:
        crowd = self._crowd
        holder = Holder(crowd.ids[person], crowd.last_place(person).account_id, openid)
        scope = CONSENT if crowd.last_consented[person] else SILENT
        issued, renewed = crowd.last[person], self._renewed.get(person)
        return token_row(self._keys, self._rng, holder, scope=scope, issued=issued, renewed=renewed)


def _draw_change_numbers(connection: Connection, number: int) -> int:
    """The last of so many numbers, as services/batch.py draws them."""
    draw = update(Counter).where(Counter.name == USER_CHANGES).values(value=Counter.value + number)
    return connection.execute(draw.returning(Counter.value)).scalar_one()
