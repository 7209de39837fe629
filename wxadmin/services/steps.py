"""What a step of the journal is: a request to write that is done together with others of its kind."""

from collections.abc import Sequence
from typing import ClassVar, Protocol, Self, TypeVar

from wxadmin.services.batch import Batch

ResultT_co = TypeVar("ResultT_co", covariant=True)


class Step(Protocol[ResultT_co]):
    """One request's part. `apply` does all those of a batch with a few statements and returns a result for each.

    `refusable` steps are turned away when the queue is too long; the others carry what WeChat has already given out,
    which would be lost with them.
    """

    refusable: ClassVar[bool]

    @classmethod
    def apply(cls, batch: Batch, steps: Sequence[Self], /) -> Sequence[ResultT_co]: ...
