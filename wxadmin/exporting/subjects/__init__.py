"""Each thing that rows of a file can tell of, with its columns and its query."""

from collections.abc import Mapping

from wxadmin.exporting.subject import Subject
from wxadmin.exporting.subjects.users import USERS
from wxadmin.models import ExportSubject

SUBJECTS: Mapping[ExportSubject, Subject] = {ExportSubject.USERS: USERS}
