"""GET /api/v1/users and /api/v1/users/{id}: who authorized."""

from wxadmin.errors import BadValue, NoSuchAccount, NoSuchList, NoSuchSite
from wxadmin.handlers.admin.menu import NOT_DEVELOPERS
from wxadmin.handlers.api_staff.answers import (
    CameThrough,
    GrantAnswer,
    OtherIdentity,
    TokenAnswer,
    UserAnswer,
    UserItem,
    UserPage,
)
from wxadmin.handlers.api_staff.asked import UsersAsked
from wxadmin.handlers.api_staff.base import Nothing, StaffApiHandler
from wxadmin.handlers.base import BadRequest
from wxadmin.queries import masking, user_profiles, users
from wxadmin.queries.keyset import Place
from wxadmin.queries.user_filters import UserFilters, choices
from wxadmin.queries.user_grants import UserGrants
from wxadmin.queries.user_orders import Sort
from wxadmin.queries.user_profiles import TokenFacts, UserProfile
from wxadmin.queries.users import UserRow
from wxadmin.services import lookups

_GREATEST_ID = 2**63 - 1


class UserList(StaffApiHandler):
    roles = NOT_DEVELOPERS
    summary = "Authorized users, the latest login first unless `sort` says otherwise"
    asks = UsersAsked
    answers = UserPage

    async def get(self) -> None:
        asked, database = self.asked(UsersAsked), self.gateway.database
        try:
            filters = UserFilters.read(
                {name: value and str(value) for name, value in asked if name not in {"cursor", "sort"}}
            )
            sort = Sort.read(asked.sort)
            place = Place.read(asked.cursor) if asked.cursor else None
            await database.read(choices, filters)
        except (BadValue, NoSuchAccount, NoSuchList, NoSuchSite) as error:
            raise BadRequest(str(error)) from None
        page = await database.read(users.page, filters, self.front.zone, masks=self.masks, sort=sort, after=place)
        by = [one for one in masking.SEARCHED if not self.masks.is_clear(one)]
        if filters.q and by:
            found = [row.id for row in page.rows]
            await database.write(lookups.note, "users", by=by, found=found, actor=self.identity.name)
        self.answer(UserPage(items=[_item(row) for row in page.rows], next=str(page.after) if page.after else None))


class UserShow(StaffApiHandler):
    roles = NOT_DEVELOPERS
    summary = "One user"
    asks = Nothing
    answers = UserAnswer

    async def get(self, typed_id: str) -> None:
        self.asked(self.asks)
        is_id = typed_id.isascii() and typed_id.isdigit() and len(typed_id) <= 19 and int(typed_id) <= _GREATEST_ID
        read = self.gateway.database.read
        found = await read(user_profiles.find, int(typed_id), masks=self.masks) if is_id else None
        if found is None:
            raise self.missing("there is no user of this id")
        self.answer(_answer(found))


def _scopes(granted_userinfo: bool) -> list[str]:
    return ["snsapi_base", "snsapi_userinfo"] if granted_userinfo else ["snsapi_base"]


def _grants(grants: UserGrants) -> list[GrantAnswer]:
    by_scope = {"snsapi_base": grants.silent, "snsapi_userinfo": grants.explicit}
    return [
        GrantAnswer(scope=scope, at=one.at, site=one.site_name, is_first=one.is_first)
        for scope, one in by_scope.items()
        if one
    ]


def _item(row: UserRow) -> UserItem:
    return UserItem(
        id=str(row.id),
        openid=row.openid,
        unionid=row.unionid,
        nickname=row.nickname,
        scopes=_scopes(row.granted_userinfo),
        token=row.token,
        account=row.account_name,
        site=row.site_name,
        channel=row.channel,
        ref=row.ref,
        logins=row.logins,
        first_seen_at=row.first_seen_at,
        last_login_at=row.last_login_at,
        blocked=row.blocked_at is not None,
    )


def _answer(found: UserProfile) -> UserAnswer:
    user = found.user
    return UserAnswer(
        id=str(user.id),
        openid=user.openid,
        unionid=user.unionid,
        nickname=user.nickname,
        headimgurl=user.headimgurl,
        ref=user.last_ref,
        scopes=_scopes(user.granted_userinfo),
        grants=_grants(found.grants),
        account=found.account_name,
        profile_at=user.profile_at,
        first_seen_at=user.first_seen_at,
        last_login_at=user.last_login_at,
        logins=user.logins,
        blocked_at=user.blocked_at,
        blocked_by=user.blocked_by,
        blocked_why=user.blocked_why,
        token=_token(found.token) if found.token else None,
        others=[
            OtherIdentity(
                id=str(one.id),
                openid=one.openid,
                nickname=one.nickname,
                account=one.account_name,
                last_login_at=one.last_login_at,
            )
            for one in found.others
        ],
        came_through=[
            CameThrough(
                site=came.site_name,
                channel=came.channel or None,
                ref=came.last_ref,
                logins=came.logins,
                first_at=came.first_at,
                last_at=came.last_at,
            )
            for came in found.channels
        ],
    )


def _token(token: TokenFacts) -> TokenAnswer:
    return TokenAnswer(
        state=token.health,
        expires_at=token.expires_at,
        consent_ends_at=token.refresh_expires_at,
        refreshed_at=token.refreshed_at,
        last_code=token.last_code,
    )
