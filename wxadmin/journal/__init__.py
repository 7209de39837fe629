"""Group commit for the hot path: the steps of all requests in flight are written as one transaction.

Whatever is queued when the writer is free makes the next batch; there is no timer. Every request is answered after
the commit that holds its step.
"""

from wxadmin.journal.queue import Journal

__all__ = ["Journal"]
