"""The site's server says who asked it not to be contacted any more: POST /api/v1/do-not-contact."""

from http import HTTPStatus
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from wxadmin.errors import BadValue, NoSuchUser
from wxadmin.handlers.api import Problem
from wxadmin.handlers.site_api import SiteApiHandler
from wxadmin.models import IdKind
from wxadmin.models.user import LONGEST_WHY
from wxadmin.services import contact, tickets
from wxadmin.services.contact import RefOfMany

Id = Annotated[str, Field(min_length=1, max_length=64)]


class DoNotContactForm(BaseModel):
    """By exactly one id; a `ref` is the site's own number of the person."""

    model_config = ConfigDict(extra="forbid")

    blocked: StrictBool
    openid: Id | None = None
    unionid: Id | None = None
    ref: Id | None = None
    reason: Annotated[str, Field(max_length=LONGEST_WHY)] = ""

    @model_validator(mode="after")
    def _has_one_id(self) -> Self:
        if len(self._ids) != 1:
            raise ValueError("name the person by exactly one of openid, unionid and ref")
        return self

    @property
    def _ids(self) -> dict[IdKind, str]:
        given = {IdKind.OPENID: self.openid, IdKind.UNIONID: self.unionid, IdKind.REF: self.ref}
        return {kind: value for kind, value in given.items() if value is not None}

    @property
    def person(self) -> tuple[IdKind, str]:
        [found] = self._ids.items()
        return found


class DoNotContactAnswer(BaseModel):
    """`changed` is false where it was so before."""

    blocked: bool
    changed: bool


class DoNotContact(SiteApiHandler):
    async def post(self) -> None:
        key = self.bearer()
        site = await self.site_of_key(key)
        if site is None:
            raise Problem(HTTPStatus.UNAUTHORIZED, await self.why_no_key(key), reason=tickets.SITE_KEY)
        form = self.body(DoNotContactForm)
        try:
            changed = await self.gateway.database.write(
                contact.mark_by_site, site, *form.person, blocked=form.blocked, why=form.reason
            )
        except NoSuchUser:
            raise Problem(HTTPStatus.NOT_FOUND, "nobody of this site's account is known by this id") from None
        except RefOfMany as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from None
        except BadValue as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None
        self.answer(DoNotContactAnswer(blocked=form.blocked, changed=changed))
