"""What the installation keeps about itself: numbers of processes, keys in use, runs of jobs."""

import asyncio

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tests.factories import JobRunFactory, NodeFactory
from wxadmin.clock import utcnow
from wxadmin.database import Database
from wxadmin.errors import KeyMissing
from wxadmin.models import JobRun, KeyInUse, Node
from wxadmin.services import house


def keys_in_use(session: Session) -> set[str]:
    session.flush()
    return set(session.scalars(select(KeyInUse.key_id)))


@pytest.fixture(autouse=True)
def no_keys(session: Session) -> None:
    session.execute(delete(KeyInUse))


def test_each_process_gets_the_next_number(session: Session) -> None:
    first, second = house.register_node(session), house.register_node(session)

    session.flush()

    assert second == first + 1
    assert session.get_one(Node, second).batch == 0


def test_a_process_is_known_with_its_keys_until_it_ends(session: Session) -> None:
    number = house.register_node(session, ["aaaa", "bbbb"])
    session.flush()
    before = session.get_one(Node, number).ended_at

    house.node_ended(session, number)

    session.expire_all()
    ended = session.get_one(Node, number)
    assert before is None
    assert ended.ended_at is not None
    assert ended.key_ids == "aaaa,bbbb"


def test_processes_of_long_ago_are_forgotten(session: Session) -> None:
    gone, lately = NodeFactory(gone=True), NodeFactory()

    house.register_node(session)

    session.expire_all()
    assert session.scalars(select(Node.id).where(Node.id.in_([gone.id, lately.id]))).all() == [lately.id]


def test_the_first_key_is_written_down_at_the_first_start(session: Session) -> None:
    house.require_keys(session, ["aaaa", "bbbb"])

    assert keys_in_use(session) == {"aaaa"}


def test_a_new_first_key_joins_the_old_one(session: Session) -> None:
    house.require_keys(session, ["aaaa"])
    session.flush()

    house.require_keys(session, ["bbbb", "aaaa"])

    assert keys_in_use(session) == {"aaaa", "bbbb"}


def test_a_node_without_a_needed_key_is_refused_with_what_to_add(session: Session) -> None:
    house.require_keys(session, ["aaaa"])
    session.flush()

    with pytest.raises(KeyMissing, match=r"aaaa.*WXADMIN_SECRET_KEYS"):
        house.require_keys(session, ["bbbb"])

    assert keys_in_use(session) == {"aaaa"}


def test_only_the_last_run_of_a_job_is_kept(session: Session) -> None:
    JobRunFactory(name="refresh", error="gw_timeout", rows=0)
    started = utcnow()

    house.note_run(session, "refresh", node=2, started_at=started, rows=7, error=None)

    session.expire_all()
    [run] = session.scalars(select(JobRun).where(JobRun.name == "refresh"))
    assert (run.node, run.started_at, run.rows, run.error) == (2, started, 7, None)
    assert run.ended_at >= started


async def test_processes_that_start_at_once_do_not_stumble_over_each_other(database: Database) -> None:
    started = utcnow()

    await asyncio.gather(*(database.write(house.require_keys, ["cccc"]) for _ in range(4)))
    nodes = await asyncio.gather(*(database.write(house.register_node) for _ in range(4)))
    await asyncio.gather(
        *(database.write(house.note_run, "sweep", node=node, started_at=started, rows=0, error=None) for node in nodes)
    )

    assert len(set(nodes)) == 4
    assert database.read_now(keys_in_use) == {"cccc"}
    assert len(database.read_now(lambda session: session.scalars(select(JobRun)).all())) == 1
