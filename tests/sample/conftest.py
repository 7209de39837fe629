"""One sample of each kind of database for all tests that only read it."""

from collections.abc import Iterator

import pytest

from tests.databases import Bed
from tests.sample.trial import Trial, filled


@pytest.fixture(scope="package")
def trial(bed: Bed) -> Iterator[Trial]:
    url = bed.copy()
    yield filled(url)
    bed.drop(url)
