"""What the background jobs are called, and what their rows are."""

from wxadmin.i18n import msgid

JOBS = {
    "refresh": msgid("Refresh"),
    "sweep": msgid("Cleaning up"),
    "verify": msgid("Checking of counts"),
    "purge": msgid("Purge"),
    "scrub": msgid("Cleaning after deletions"),
    "exports": msgid("Exports"),
    "export_files": msgid("Files of exports"),
}

ROWS = {
    "refresh": msgid("tokens taken"),
    "sweep": msgid("attempts ended, and claims, tickets and passes deleted"),
    "verify": msgid("rows of counts put right"),
    "purge": msgid("steps, attempts, audit entries and sign-ins deleted"),
    "scrub": msgid("receipts completed"),
    "exports": msgid("exports worked at"),
    "export_files": msgid("exports whose files were deleted"),
}
