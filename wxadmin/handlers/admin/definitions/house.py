"""How the work of the background jobs is counted."""

from wxadmin.handlers.admin.definitions.definition import Definition
from wxadmin.i18n import msgid

ROOM = msgid("Doctor")
DEFINITIONS = (
    Definition(
        "job_rows",
        msgid("Rows of the last run"),
        msgid(
            "What the last run of each job took in hand, over all processes. Refreshing counts tokens, cleaning up "
            "attempts that it ended and rows that it deleted, the checking of counts those that it put right, "
            "purging what was deleted since its time was up, and cleaning after deletions the receipts that it "
            "completed."
        ),
        "job_run",
        "SELECT name, rows FROM job_run ORDER BY name",
    ),
)
