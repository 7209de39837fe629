"""The addresses of the dashboard, and who answers them."""

from tornado.web import RequestHandler

from wxadmin.handlers.admin.accounts import (
    AccountAdd,
    AccountCheck,
    AccountDisable,
    AccountEnable,
    AccountList,
    AccountSecret,
    AccountShow,
)
from wxadmin.handlers.admin.attempt_page import AttemptNoteAdd, AttemptShow
from wxadmin.handlers.admin.attempts import AttemptList
from wxadmin.handlers.admin.audit import AuditList
from wxadmin.handlers.admin.definitions import Definitions
from wxadmin.handlers.admin.doctor import Doctor
from wxadmin.handlers.admin.export_new import ExportNew
from wxadmin.handlers.admin.export_of import ExportNewAttempts, ExportNewFailures
from wxadmin.handlers.admin.export_verify import ExportVerify
from wxadmin.handlers.admin.exports import (
    ExportCancel,
    ExportFile,
    ExportList,
    ExportProgress,
    ExportReceipt,
    ExportShow,
)
from wxadmin.handlers.admin.failures import FailureList, FailureShow
from wxadmin.handlers.admin.live import LiveEvents, LivePage
from wxadmin.handlers.admin.me import Me, MyKeyAdd, MyKeyRevoke, MySessionEnd, MySessionsEndOthers
from wxadmin.handlers.admin.my_password import MyPassword
from wxadmin.handlers.admin.no_such_page import NoSuchPage
from wxadmin.handlers.admin.notice import NoticeEnd, NoticePage
from wxadmin.handlers.admin.overview import Overview
from wxadmin.handlers.admin.people import (
    StaffAdd,
    StaffDisable,
    StaffKeyRevoke,
    StaffList,
    StaffReset,
    StaffShow,
    StaffSites,
    StaffTwoStep,
)
from wxadmin.handlers.admin.preferences import Preferences
from wxadmin.handlers.admin.reveals import AttemptReveal, UserReveal
from wxadmin.handlers.admin.scopes import Scopes
from wxadmin.handlers.admin.search import Search
from wxadmin.handlers.admin.segments import (
    SegmentChange,
    SegmentDelete,
    SegmentList,
    SegmentNew,
    SegmentRename,
    SegmentShow,
)
from wxadmin.handlers.admin.sign_in import SignIn, SignInCode, SignOut
from wxadmin.handlers.admin.sites import (
    SiteAdd,
    SiteChange,
    SiteDisable,
    SiteEnable,
    SiteList,
    SiteRotateHandoffKey,
    SiteRotateKey,
    SiteShow,
)
from wxadmin.handlers.admin.token_passes import TokenPasses
from wxadmin.handlers.admin.token_pauses import TokenPause, TokenResume
from wxadmin.handlers.admin.tokens import Tokens
from wxadmin.handlers.admin.two_step import TwoStep, TwoStepOff
from wxadmin.handlers.admin.upload_new import UploadNew
from wxadmin.handlers.admin.uploads import UploadDelete, UploadList, UploadMark, UploadMatch, UploadShow
from wxadmin.handlers.admin.user_contact import UserContact
from wxadmin.handlers.admin.user_copy import UserCopy
from wxadmin.handlers.admin.user_forget import UserForget
from wxadmin.handlers.admin.user_list import UserList
from wxadmin.handlers.admin.user_tokens import UserCheck, UserRefresh
from wxadmin.handlers.admin.users import UserShow

# What a name in an address may be (services/names.py).
_NAME = "[a-z0-9][a-z0-9-]*"

ADMIN_ROUTES: list[tuple[str, type[RequestHandler]]] = [
    (r"/admin/?", Overview),
    (r"/admin/search", Search),
    (r"/admin/scopes", Scopes),
    (r"/admin/doctor", Doctor),
    (r"/admin/tokens", Tokens),
    (r"/admin/tokens/passes", TokenPasses),
    (rf"/admin/tokens/({_NAME})/pause", TokenPause),
    (rf"/admin/tokens/({_NAME})/resume", TokenResume),
    (r"/admin/definitions", Definitions),
    (r"/admin/users", UserList),
    (r"/admin/users/([0-9]{1,19})", UserShow),
    (r"/admin/users/([0-9]{1,19})/refresh", UserRefresh),
    (r"/admin/users/([0-9]{1,19})/check", UserCheck),
    (r"/admin/users/([0-9]{1,19})/reveal", UserReveal),
    (r"/admin/users/([0-9]{1,19})/contact", UserContact),
    (r"/admin/users/([0-9]{1,19})/data\.json", UserCopy),
    (r"/admin/users/([0-9]{1,19})/forget", UserForget),
    (r"/admin/lists", UploadList),
    (r"/admin/lists/new", UploadNew),
    (r"/admin/lists/([0-9]{1,19})", UploadShow),
    (r"/admin/lists/([0-9]{1,19})/match", UploadMatch),
    (r"/admin/lists/([0-9]{1,19})/contact", UploadMark),
    (r"/admin/lists/([0-9]{1,19})/delete", UploadDelete),
    (r"/admin/segments", SegmentList),
    (r"/admin/segments/new", SegmentNew),
    (r"/admin/segments/([0-9]{1,19})", SegmentShow),
    (r"/admin/segments/([0-9]{1,19})/rename", SegmentRename),
    (r"/admin/segments/([0-9]{1,19})/filters", SegmentChange),
    (r"/admin/segments/([0-9]{1,19})/delete", SegmentDelete),
    (r"/admin/exports", ExportList),
    (r"/admin/exports/new", ExportNew),
    (r"/admin/exports/new/attempts", ExportNewAttempts),
    (r"/admin/exports/new/failures", ExportNewFailures),
    (r"/admin/exports/verify", ExportVerify),
    (r"/admin/exports/([0-9]{1,19})", ExportShow),
    (r"/admin/exports/([0-9]{1,19})/progress\.json", ExportProgress),
    (r"/admin/exports/([0-9]{1,19})/receipt\.json", ExportReceipt),
    (r"/admin/exports/([0-9]{1,19})/cancel", ExportCancel),
    (r"/admin/exports/([0-9]{1,19})/file", ExportFile),
    (r"/admin/exports/([0-9]{1,19})/file/([0-9]{1,6})", ExportFile),
    (r"/admin/attempts", AttemptList),
    (r"/admin/attempts/([^/]{1,64})", AttemptShow),
    (r"/admin/attempts/([^/]{1,64})/notes", AttemptNoteAdd),
    (r"/admin/attempts/([^/]{1,64})/reveal", AttemptReveal),
    (r"/admin/live", LivePage),
    (r"/admin/live/events", LiveEvents),
    (r"/admin/failures", FailureList),
    (r"/admin/failures/([^/]{1,64})", FailureShow),
    (r"/admin/sign-in", SignIn),
    (r"/admin/sign-in/code", SignInCode),
    (r"/admin/sign-out", SignOut),
    (r"/admin/preferences", Preferences),
    (r"/admin/me", Me),
    (r"/admin/me/password", MyPassword),
    (r"/admin/me/new-key", MyKeyAdd),
    (r"/admin/me/keys/([0-9]{1,18})/revoke", MyKeyRevoke),
    (r"/admin/me/sessions/([0-9a-f]{1,16})/end", MySessionEnd),
    (r"/admin/me/sessions/end-others", MySessionsEndOthers),
    (r"/admin/me/two-step", TwoStep),
    (r"/admin/me/two-step/off", TwoStepOff),
    (r"/admin/accounts", AccountList),
    (r"/admin/new/account", AccountAdd),
    (rf"/admin/accounts/({_NAME})", AccountShow),
    (rf"/admin/accounts/({_NAME})/secret", AccountSecret),
    (rf"/admin/accounts/({_NAME})/check", AccountCheck),
    (rf"/admin/accounts/({_NAME})/disable", AccountDisable),
    (rf"/admin/accounts/({_NAME})/enable", AccountEnable),
    (r"/admin/sites", SiteList),
    (r"/admin/new/site", SiteAdd),
    (rf"/admin/sites/({_NAME})", SiteShow),
    (rf"/admin/sites/({_NAME})/change", SiteChange),
    (rf"/admin/sites/({_NAME})/key", SiteRotateKey),
    (rf"/admin/sites/({_NAME})/handoff-key", SiteRotateHandoffKey),
    (rf"/admin/sites/({_NAME})/disable", SiteDisable),
    (rf"/admin/sites/({_NAME})/enable", SiteEnable),
    (r"/admin/staff", StaffList),
    (r"/admin/new/person", StaffAdd),
    (rf"/admin/staff/({_NAME})", StaffShow),
    (rf"/admin/staff/({_NAME})/keys/([0-9]{{1,18}})/revoke", StaffKeyRevoke),
    (rf"/admin/staff/({_NAME})/sites", StaffSites),
    (rf"/admin/staff/({_NAME})/two-step", StaffTwoStep),
    (rf"/admin/staff/({_NAME})/reset", StaffReset),
    (rf"/admin/staff/({_NAME})/disable", StaffDisable),
    (r"/admin/audit", AuditList),
    (r"/admin/notice", NoticePage),
    (r"/admin/notice/end", NoticeEnd),
    (r"/admin/.*", NoSuchPage),
]
