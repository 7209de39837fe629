"""What the entries of the audit log are called, and of which kind they are."""

from wxadmin.i18n import msgid

ACTION_WORDS = {
    "account_added": msgid("Account added"),
    "account_changed": msgid("Account changed"),
    "account_disabled": msgid("Account switched off"),
    "account_enabled": msgid("Account switched on"),
    "account_secret_replaced": msgid("AppSecret replaced"),
    "export_asked": msgid("Export asked for"),
    "export_cancelled": msgid("Export cancelled"),
    "export_downloaded": msgid("File of an export taken"),
    "key_forgotten": msgid("Encryption key forgotten"),
    "keys_rotated": msgid("Encryption keys rotated"),
    "looked_up": msgid("Looked up by something masked"),
    "other_sessions_ended": msgid("Signed out everywhere else"),
    "notice_changed": msgid("Incident notice changed"),
    "notice_ended": msgid("Incident notice ended"),
    "notice_set": msgid("Incident notice set"),
    "personal_data_copied": msgid("Personal data copied"),
    "personal_data_deleted": msgid("Personal data deleted"),
    "refresh_paused": msgid("Refreshing paused"),
    "refresh_resumed": msgid("Refreshing resumed"),
    "revealed": msgid("Seen in the clear"),
    "session_ended": msgid("Signed out at another browser"),
    "signed_in": msgid("Signed in"),
    "signed_out": msgid("Signed out"),
    "site_added": msgid("Site added"),
    "site_changed": msgid("Site changed"),
    "site_disabled": msgid("Site switched off"),
    "site_enabled": msgid("Site switched on"),
    "site_handoff_key_made": msgid("Hand-off key made"),
    "site_handoff_key_rotated": msgid("Hand-off key rotated"),
    "site_key_rotated": msgid("Site key rotated"),
    "staff_added": msgid("Person added"),
    "staff_disabled": msgid("Person switched off"),
    "staff_key_made": msgid("Key for scripts made"),
    "staff_key_revoked": msgid("Key for scripts revoked"),
    "staff_password_reset": msgid("Password reset"),
    "token_checked": msgid("Token checked with WeChat"),
    "token_refreshed": msgid("Token refreshed by hand"),
    "two_step_off": msgid("Two-step code switched off"),
    "two_step_on": msgid("Two-step code switched on"),
    "rows_exported": msgid("Attempts, failures or events exported"),
    "users_exported": msgid("Users exported"),
}

SAW = frozenset({"revealed", "looked_up"})
TOOK = frozenset(
    {
        *("users_exported", "rows_exported", "personal_data_copied"),
        *("export_asked", "export_cancelled", "export_downloaded"),
    }
)
SIGNED = frozenset({"signed_in", "signed_out", "session_ended", "other_sessions_ended"})

# Whatever is of no other kind changed something.
KIND_WORDS = {
    "saw": msgid("Who saw whom"),
    "took": msgid("Who took what along"),
    "changed": msgid("Who changed what"),
    "signed": msgid("Who signed in and out"),
}
KINDS = {"saw": SAW, "took": TOOK, "signed": SIGNED}

# The names of an entry's details; one that is not here is shown as it is stored.
DETAIL_WORDS = {
    "account": msgid("Account"),
    "accounts": msgid("Accounts"),
    "appid": "AppID",
    "by": msgid("By"),
    "contact": msgid("Contact"),
    "destination": msgid("Destination"),
    "dev": msgid("Development site"),
    "explain": msgid("Explanation page"),
    "explicit": msgid("Explicit consents"),
    "filters": msgid("Filters"),
    "found": msgid("Found"),
    "from_byte": msgid("From byte"),
    "grace": msgid("The old key goes on for"),
    "handoff": msgid("Hand-off"),
    "key": msgid("Key"),
    "note": msgid("Note"),
    "on_visitors": msgid("Also on the pages of visitors"),
    "origins": msgid("Allowed origins"),
    "part": msgid("File"),
    "page_code": msgid("Pages may post a code themselves"),
    "privacy_url": msgid("Privacy policy"),
    "profile_required": msgid("Profile required"),
    "purpose": msgid("Purpose"),
    "reason": msgid("Reason"),
    "refresh_active_days": msgid("Active within days"),
    "refresh_policy": msgid("Refresh"),
    "refresh_quota": msgid("Refreshes a minute, at most"),
    "reply": msgid("Reply to send"),
    "resealed": msgid("Sealed anew"),
    "retired": msgid("No longer needed"),
    "return_urls": msgid("Return URLs"),
    "role": msgid("Role"),
    "rows": msgid("Rows"),
    "since": msgid("Out of order since"),
    "silent": msgid("Silent tokens"),
    "sites": msgid("Sites"),
    "snapshot_guest": msgid("Snapshot visitors as guests"),
    "subject": msgid("Rows tell of"),
    "text_en": msgid("In English"),
    "text_zh": msgid("In Chinese"),
    "title": msgid("Title"),
    "two_step_off": msgid("Two-step code switched off"),
    "verified_until": msgid("Verified until"),
    "verify_name": msgid("Ownership file"),
}
