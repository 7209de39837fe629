"""The files of exports, for browsers and for scripts: who may take one, and that somebody did."""

from tornado.web import RequestHandler

from wxadmin.exporting.subjects import SUBJECTS
from wxadmin.handlers import files
from wxadmin.handlers.front import Front
from wxadmin.models import Export, ExportPart, ExportState, ExportSubject, Role
from wxadmin.queries import masking
from wxadmin.services import exports as services

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "txt": "text/plain; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


def may_take(export: Export, role: Role) -> bool:
    """Whether the role sees all of the file's columns as clearly as they stand in it."""
    columns = SUBJECTS[ExportSubject(export.subject)].columns
    fields = [column.field for name in export.columns.split(",") if (column := columns.get(name)) and column.field]
    made_for = masking.of_role(Role(export.role)) if export.role else masking.CLEAR
    return masking.of_role(role).covers(made_for, *fields)


def has_files(export: Export) -> bool:
    is_kept = export.kept_until is not None and export.deleted_at is None
    return export.state == ExportState.DONE and is_kept and export.withdrawn_at is None


async def send_part(handler: RequestHandler, front: Front, export: Export, part: ExportPart, *, actor: str) -> bool:
    """Answers with the file; False where it is not on this machine, and nothing was answered."""
    tag = f'"{part.sha256.hex()}"'
    span = files.span_of(handler, part.size, tag)
    file = await files.opened(front.storage.file(export.id, export.attempt, part.number), span.start if span else 0)
    if file is None:
        return False
    with file:
        handler.set_header("Content-Type", TYPES[part.name.rpartition(".")[2]])
        handler.set_header("Content-Disposition", f'attachment; filename="{part.name}"')
        files.announce(handler, span, part.size, tag)
        if span is None or handler.request.method == "HEAD":
            handler.finish()
            return True
        write = front.gateway.database.write
        await write(services.taken, export.id, part.number, start=span.start, actor=actor)
        came_to = await files.send(handler, file, span)
        await write(services.sent, export.id, part.number, start=span.start, end=came_to)
    return True
