"""Everything that the database keeps sealed: where, what each value is bound to, and what a row is without them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from wxadmin.models.account import Account
from wxadmin.models.site import Site
from wxadmin.models.staff import StaffTotp
from wxadmin.models.user import Token, TokenState, User


@dataclass(frozen=True, slots=True, eq=False)
class SealedKind:
    """A table with sealed values. `bound_to` tells from the columns `known_by` what the values are bound to, in their
    order; `without` is what a row becomes when its values are given up because nothing can open them. Rows of a setting
    are kept in the memory of every process."""

    name: str
    id: InstrumentedAttribute[int]
    values: tuple[InstrumentedAttribute[Any], ...]
    known_by: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]
    bound_to: Callable[..., tuple[str, ...]]
    without: Mapping[str, Any]
    is_setting: bool = False


def secret_bound_to(appid: str) -> str:
    """What an AppSecret's sealing is bound to."""
    return f"account/{appid}/secret"


def tokens_bound_to(account_id: int, openid: str) -> tuple[str, str]:
    """What the sealings of an access and a refresh token are bound to. It is the natural key rather than the row's id:
    a login seals before the database has said whether the user is new."""
    return f"token/{account_id}/{openid}/access", f"token/{account_id}/{openid}/refresh"


def handoff_key_bound_to(name: str) -> str:
    """What the sealing of a site's hand-off keys is bound to."""
    return f"site/{name}/handoff-key"


def totp_bound_to(staff_id: int) -> str:
    """What the sealing of the secret of somebody's two-step codes is bound to."""
    return f"staff/{staff_id}/totp"


SEALED_KINDS = (
    SealedKind(
        name="AppSecrets",
        id=Account.id,
        values=(Account.secret_sealed,),
        known_by=(Account.appid,),
        bound_to=lambda appid: (secret_bound_to(appid),),
        without={"secret_sealed": None},
        is_setting=True,
    ),
    SealedKind(
        name="hand-off keys",
        id=Site.id,
        values=(Site.handoff_key_sealed, Site.old_handoff_key_sealed),
        known_by=(Site.name,),
        bound_to=lambda name: (handoff_key_bound_to(name),) * 2,
        # The site is told by its tickets alone, until the hand-off is switched on again with a new key.
        without={"handoff_key_sealed": None, "old_handoff_key_sealed": None, "handoff": "ticket"},
        is_setting=True,
    ),
    SealedKind(
        name="tokens",
        id=Token.user_id,
        values=(Token.access_sealed, Token.refresh_sealed),
        known_by=(Token.account_id, select(User.openid).where(User.id == Token.user_id).scalar_subquery()),
        bound_to=tokens_bound_to,
        # Their owners' next login brings new ones. The version goes on: whoever read the old values is overtaken.
        without={
            "access_sealed": b"",
            "refresh_sealed": b"",
            "state": TokenState.NEEDS_CONSENT,
            "last_code": "gw_key_missing",
            "lease_owner": None,
            "lease_until": None,
            "version": Token.version + 1,
        },
    ),
    SealedKind(
        name="two-step secrets",
        id=StaffTotp.staff_id,
        values=(StaffTotp.secret_sealed,),
        known_by=(StaffTotp.staff_id,),
        bound_to=lambda staff_id: (totp_bound_to(staff_id),),
        # No code fits any more, until an administrator resets the person's sign-in.
        without={"secret_sealed": b""},
    ),
)
