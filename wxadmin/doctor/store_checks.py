"""What can be wrong with the database, the data directory, the keys, the jobs and the staff."""

from collections.abc import Iterator
from datetime import timedelta

from wxadmin.doctor.findings import Finding, attention, fatal, fine
from wxadmin.doctor.picture import Picture
from wxadmin.i18n import msgid

_LEAST_FREE = 1_000_000_000
_GREATEST_SKEW = timedelta(seconds=5)
# A gateway that was off for a night has as much to do as by then has come to its end.
_PURGED_WITHIN = timedelta(days=2)


def durability(picture: Picture) -> Iterator[Finding]:
    for name, value in picture.store.unsafe.items():
        yield fatal(
            "durability",
            msgid("PostgreSQL's %(name)s is %(value)s: after a power cut, logins that visitors were told of are gone."),
            msgid("Set it to on, in postgresql.conf or by ALTER SYSTEM."),
            name=name,
            value=value,
            about=name,
        )
    if not picture.store.unsafe:
        yield fine("durability", msgid("What is committed outlives a power cut."))


def clock(picture: Picture) -> Iterator[Finding]:
    seconds = picture.store.skew.total_seconds()
    if abs(picture.store.skew) > _GREATEST_SKEW:
        yield attention(
            "database-clock",
            msgid("The database's clock and this host's differ by %(seconds).0f s."),
            msgid("Have both hosts keep time by NTP."),
            seconds=abs(seconds),
        )
    else:
        yield fine("database-clock", msgid("The database's clock agrees with this host's."))


def disk(picture: Picture) -> Iterator[Finding]:
    free = picture.store.free_bytes
    if free < _LEAST_FREE:
        yield fatal(
            "disk",
            msgid("The disk of the data directory has %(megabytes)d MB left."),
            msgid("Make room: a full disk stops every login."),
            megabytes=free // 1_000_000,
        )
    else:
        yield fine("disk", msgid("There is room on the disk: %(gigabytes)d GB."), gigabytes=free // 1_000_000_000)


def readable_secrets(picture: Picture) -> Iterator[Finding]:
    for path in picture.store.readable:
        yield fatal(
            "readable-secrets",
            msgid("Others on this host may read %(path)s."),
            msgid("Take the right away: chmod 600 %(path)s"),
            path=path,
            about=path,
        )
    if not picture.store.readable:
        yield fine("readable-secrets", msgid("Files with secrets are readable by their owner alone."))


def keys(picture: Picture) -> Iterator[Finding]:
    ring, needed = picture.store.key_ids, picture.store.needed_key_ids
    if missing := [key for key in needed if key not in ring]:
        yield fatal(
            "keys",
            msgid("The database is sealed under key %(keys)s, which WXADMIN_SECRET_KEYS does not have."),
            msgid("Add it; if it is lost for good, `wxadmin keys forget` gives up what only it opens."),
            keys=", ".join(missing),
        )
    elif spare := [key for key in ring[1:] if key not in needed]:
        yield attention(
            "keys",
            msgid("Nothing needs key %(keys)s any more."),
            msgid("Take it out of WXADMIN_SECRET_KEYS on every host: whoever got hold of it could sign in its name."),
            keys=", ".join(spare),
        )
    else:
        yield fine("keys", msgid("Every key that the database needs is here."))


def jobs(picture: Picture) -> Iterator[Finding]:
    for job in picture.store.jobs:
        if job.error:
            yield attention(
                "jobs",
                msgid("The job %(job)s failed when it ran last."),
                msgid("The log of the process that ran it says why. It is tried again by itself."),
                job=job.name,
                about=job.name,
            )
        else:
            yield attention(
                "jobs",
                msgid("The job %(job)s has not run for too long."),
                msgid("Is a process serving? `wxadmin serve` runs the jobs; restart it if it hangs."),
                job=job.name,
                about=job.name,
            )
    if not picture.store.jobs:
        yield fine("jobs", msgid("The background jobs run."))


def retention(picture: Picture) -> Iterator[Finding]:
    """Whether what was to be deleted is, and nothing that the law wants kept."""
    days = {"events": picture.settings.keep_events_days, "audit": picture.settings.keep_audit_days}
    ages = {"events": picture.store.oldest_step, "audit": picture.store.oldest_entry}
    behind = [
        name for name, at in ages.items() if at and picture.now - at > timedelta(days=days[name]) + _PURGED_WITHIN
    ]
    if behind:
        name = behind[0]
        yield attention(
            "retention",
            msgid("Purging has fallen behind: %(oldest)d days old is what is to be kept for %(days)d."),
            msgid("It goes on by itself while `wxadmin serve` runs; the log says what keeps it."),
            oldest=(picture.now - ages[name]).days,  # type: ignore[operator]
            days=days[name],
        )
    else:
        yield fine(
            "retention",
            msgid("Attempts and their steps are kept for %(events)d days, the audit log for %(audit)d."),
            **days,
        )


def export_files(picture: Picture) -> Iterator[Finding]:
    """Whether this host has what others, or it itself, have exported."""
    if missing := picture.store.files_elsewhere:
        yield attention(
            "export-files",
            msgid("Of the newest exports whose files are kept, %(missing)d are not on this host."),
            msgid("Have the processes of all hosts share the folder exports in WXADMIN_DATA_DIR."),
            missing=missing,
        )
    else:
        yield fine("export-files", msgid("The files of exports are where they should be."))


def staff(picture: Picture) -> Iterator[Finding]:
    if picture.store.admins:
        yield fine("staff", msgid("Somebody may administer the dashboard."))
    else:
        yield attention(
            "staff",
            msgid("Nobody may administer the dashboard."),
            msgid("wxadmin staff add NAME --role admin"),
        )


CHECKS = (durability, clock, disk, readable_secrets, keys, jobs, retention, export_files, staff)
