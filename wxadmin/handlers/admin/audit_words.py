"""What the entries of the audit log are called."""

from wxadmin.i18n import msgid

ACTION_WORDS = {
    "account_added": msgid("Account added"),
    "account_changed": msgid("Account changed"),
    "account_disabled": msgid("Account switched off"),
    "account_secret_replaced": msgid("AppSecret replaced"),
    "signed_in": msgid("Signed in"),
    "signed_out": msgid("Signed out"),
    "site_added": msgid("Site added"),
    "site_changed": msgid("Site changed"),
    "site_disabled": msgid("Site switched off"),
    "site_key_rotated": msgid("Site key rotated"),
    "staff_added": msgid("Person added"),
    "staff_disabled": msgid("Person switched off"),
    "staff_password_reset": msgid("Password reset"),
    "users_exported": msgid("Users exported"),
}
