"""A node is killed in the middle of an export: nobody gets half a file, and another node makes it anew."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tests import running
from tests.factories import ExportFactory, UserFactory
from tests.running import SiteKeys
from tests.soak import dawdling
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.models import Export, ExportPart
from wxadmin.settings import Settings

pytestmark = pytest.mark.soak

Store = Callable[[Callable[[], Any]], Any]
Stored = Callable[[type], Sequence[Any]]
DAWDLING = (dawdling.__file__,)


def test_what_a_killed_node_was_writing_is_made_anew_by_another(
    settings: Settings, site_keys: SiteKeys, database: Database, store: Store, stored: Stored, tmp_path: Path
) -> None:
    made = store(lambda: [UserFactory() for _ in range(60)])
    store(lambda: ExportFactory(format="openids", columns="openid"))
    folder = settings.exports_dir

    with running.serve(settings, running.unused_port(), folder=tmp_path, wxadmin=DAWDLING) as node:
        running.until(lambda: stored(Export)[0].rows)
        node.kill()
    left = stored(Export)[0]
    half = [path.name for path in folder.iterdir()]
    # Its lease would end by itself, half a minute later.
    database.write_now(lambda session: session.execute(update(Export).values(lease_until=utcnow())))
    with running.serve(settings, running.unused_port(), folder=tmp_path):
        running.until(lambda: stored(Export)[0].state == "done")

    export, [part] = stored(Export)[0], stored(ExportPart)
    assert (left.state, left.attempt, half) == ("running", 1, [f"{export.id}-1.part"])
    assert (export.attempt, export.rows, part.rows) == (2, 60, 60)
    assert export.as_of > left.as_of
    content = (folder / f"{export.id}-2" / "1").read_text()
    assert content.splitlines() == [user.openid for user in made[::-1]]
