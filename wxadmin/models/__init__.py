"""The tables: columns, constraints, and facts about one row."""

from wxadmin.models.account import Account
from wxadmin.models.attempt import Attempt, CodeClaim, Outcome
from wxadmin.models.base import Base
from wxadmin.models.counts import FailureHour, LoginHour, StepHour
from wxadmin.models.erasure import Erasure, ErasureReason
from wxadmin.models.event import Class, Event, Stage
from wxadmin.models.export import (
    Change,
    Destination,
    Export,
    ExportPart,
    ExportState,
    ExportSubject,
    Format,
    Purpose,
)
from wxadmin.models.holding import ExportHolding, Holding
from wxadmin.models.house import ONLY_LOOK, Counter, JobRun, JobTurn, KeyInUse, Node, OutsideLook
from wxadmin.models.note import AttemptNote
from wxadmin.models.notice import Notice
from wxadmin.models.refreshing import AccountRefresh, Hold, RefreshPass, Trigger
from wxadmin.models.segment import Segment
from wxadmin.models.site import Origin, ReturnURL, Site
from wxadmin.models.staff import AuditEntry, Reveal, Role, Staff, StaffKey, StaffSession, StaffSite, StaffTotp
from wxadmin.models.ticket import Ticket
from wxadmin.models.uploaded import IdKind, UploadedList, UploadedValue
from wxadmin.models.user import BLOCK, IS_KNOWN, Token, TokenState, User, UserChannel

__all__ = [
    "BLOCK",
    "IS_KNOWN",
    "ONLY_LOOK",
    "Account",
    "AccountRefresh",
    "Attempt",
    "AttemptNote",
    "AuditEntry",
    "Base",
    "Change",
    "Class",
    "CodeClaim",
    "Counter",
    "Destination",
    "Erasure",
    "ErasureReason",
    "Event",
    "Export",
    "ExportHolding",
    "ExportPart",
    "ExportState",
    "ExportSubject",
    "FailureHour",
    "Format",
    "Hold",
    "Holding",
    "IdKind",
    "JobRun",
    "JobTurn",
    "KeyInUse",
    "LoginHour",
    "Node",
    "Notice",
    "Origin",
    "Outcome",
    "OutsideLook",
    "Purpose",
    "RefreshPass",
    "ReturnURL",
    "Reveal",
    "Role",
    "Segment",
    "Site",
    "Staff",
    "StaffKey",
    "StaffSession",
    "StaffSite",
    "StaffTotp",
    "Stage",
    "StepHour",
    "Ticket",
    "Token",
    "TokenState",
    "Trigger",
    "UploadedList",
    "UploadedValue",
    "User",
    "UserChannel",
]
