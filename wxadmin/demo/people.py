"""The demo's staff: one person of each role, under one password that the first start makes and keeps."""

import os
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from wxadmin.models import Role, Site
from wxadmin.queries.staff import credentials, named
from wxadmin.security.hashes import password_matches, random_text
from wxadmin.services import staff
from wxadmin.settings import Settings

FILE_NAME = "staff_password"
_ACTOR = "demo"


def kept_password(folder: Path) -> str:
    """The password in the demo's folder, readable by its owner only."""
    path = folder / FILE_NAME
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(random_text(16).lower())
    return path.read_text().strip()


def is_of_demo(chosen: Settings) -> bool:
    """Whether this is the demo's data while WeChat itself would be asked, which knows nothing of it: a command beside
    the running demo, which alone has the simulator for WeChat."""
    return chosen.is_wechats_own and (chosen.data_dir / FILE_NAME).exists()


def let_in(session: Session, password: str, *, sites: Collection[str]) -> None:
    """Everyone who is named after a role can sign in with the password; the developer sees those of the sites that are
    there."""
    there = session.scalars(select(Site.name).where(Site.name.in_(sites)).order_by(Site.name)).all()
    for role in Role:
        if named(session, role) is None:
            site_names = list(there) if role is Role.DEVELOPER else []
            staff.add(session, name=role, role=role, password=password, site_names=site_names, actor=_ACTOR)
            continue
        known = credentials(session, role)
        if known is None or not password_matches(known.password_hash, password):
            staff.reset(session, role, password, actor=_ACTOR)
