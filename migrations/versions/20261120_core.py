"""The core: accounts, sites, attempts, events, users, tokens, counts, staff"""

import sqlalchemy as sa
from alembic import op

revision = "20261120_core"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")
CASE_SENSITIVE = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("appid", sa.String(length=32), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("verify_name", sa.String(length=64), nullable=True),
        sa.Column("verify_body", sa.String(length=256), nullable=True),
        sa.Column("refresh_policy", sa.String(length=16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("appid", name=op.f("uq_account_appid")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "attempt",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("support_code", sa.String(length=8), nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("site_id", ID, nullable=True),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("lang", sa.String(length=8), nullable=True),
        sa.Column("state_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("cookie_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("return_url", sa.String(length=2048), nullable=True),
        sa.Column("nonce", sa.String(length=128), nullable=True),
        sa.Column("channel", sa.String(length=64), nullable=True),
        sa.Column("ref", sa.String(length=64), nullable=True),
        sa.Column("browser_family", sa.String(length=16), nullable=False),
        sa.Column("wechat_version", sa.String(length=16), nullable=True),
        sa.Column("ip", sa.String(length=45), nullable=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("returned_at", MOMENT, nullable=True),
        sa.Column("exchanged_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("redeemed_at", MOMENT, nullable=True),
        sa.Column("recovered_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("ended_by", sa.String(length=32), nullable=True),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("scope_granted", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_attempt_state_hash")),
        sa.UniqueConstraint("support_code", name=op.f("uq_attempt_support_code")),
    )
    op.create_index(
        "ix_attempt_user_id",
        "attempt",
        ["user_id"],
        unique=False,
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_index(
        "ix_attempt_waiting",
        "attempt",
        ["started_at"],
        unique=False,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"], unique=False)
    op.create_table(
        "code_claim",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("attempt_id", ID, nullable=False),
        sa.Column("claim_id", ID, nullable=False),
        sa.Column("node", ID, nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=False),
        sa.Column("lease_until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name=op.f("pk_code_claim")),
    )
    op.create_index(op.f("ix_code_claim_attempt_id"), "code_claim", ["attempt_id"], unique=False)
    op.create_index(op.f("ix_code_claim_claimed_at"), "code_claim", ["claimed_at"], unique=False)
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", ID, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "event",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("site_id", ID, nullable=True),
        sa.Column("attempt_id", ID, nullable=True),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("browser_family", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("event_class", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("errmsg", sa.String(length=512), nullable=True),
        sa.Column("rid", sa.String(length=64), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("recovered", sa.Boolean(), nullable=False),
        sa.Column("new_user", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_attempt_id"), "event", ["attempt_id"], unique=False)
    op.create_index(
        "ix_event_user_id",
        "event",
        ["user_id", "id"],
        unique=False,
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_table(
        "failure_hour",
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("event_class", sa.String(length=16), nullable=False),
        sa.Column("browser_family", sa.String(length=16), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "hour",
            "account_id",
            "site_id",
            "scope",
            "stage",
            "code",
            "event_class",
            "browser_family",
            name=op.f("pk_failure_hour"),
        ),
    )
    op.create_table(
        "job_run",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("node", ID, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_run")),
    )
    op.create_table(
        "key_in_use",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("first_used_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_key_in_use")),
    )
    op.create_table(
        "login_hour",
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("started", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("succeeded", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("recovered", sa.Integer(), nullable=False),
        sa.Column("denied", sa.Integer(), nullable=False),
        sa.Column("snapshot", sa.Integer(), nullable=False),
        sa.Column("abandoned", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("new_users", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "account_id", "site_id", "scope", name=op.f("pk_login_hour")),
    )
    op.create_table(
        "node",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("host", sa.String(length=128), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("batch", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
    )
    op.create_index(op.f("ix_node_seen_at"), "node", ["seen_at"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("name", name=op.f("uq_staff_name")),
    )
    op.create_table(
        "step_hour",
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("event_class", sa.String(length=16), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("ms_25", sa.Integer(), nullable=False),
        sa.Column("ms_50", sa.Integer(), nullable=False),
        sa.Column("ms_100", sa.Integer(), nullable=False),
        sa.Column("ms_200", sa.Integer(), nullable=False),
        sa.Column("ms_400", sa.Integer(), nullable=False),
        sa.Column("ms_800", sa.Integer(), nullable=False),
        sa.Column("ms_1600", sa.Integer(), nullable=False),
        sa.Column("ms_3200", sa.Integer(), nullable=False),
        sa.Column("ms_6400", sa.Integer(), nullable=False),
        sa.Column("ms_more", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "hour", "account_id", "site_id", "scope", "stage", "event_class", name=op.f("pk_step_hour")
        ),
    )
    op.create_table(
        "ticket",
        sa.Column("ticket_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("attempt_id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("browser_bound", sa.Boolean(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("redeemed_at", MOMENT, nullable=True),
        sa.Column("idempotency_hash", sa.LargeBinary(length=32), nullable=True),
        sa.PrimaryKeyConstraint("ticket_hash", name=op.f("pk_ticket")),
    )
    op.create_index(op.f("ix_ticket_attempt_id"), "ticket", ["attempt_id"], unique=False)
    op.create_index(op.f("ix_ticket_expires_at"), "ticket", ["expires_at"], unique=False)
    op.create_table(
        "user",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("openid", CASE_SENSITIVE, nullable=False),
        sa.Column("unionid", CASE_SENSITIVE, nullable=True),
        sa.Column("nickname", sa.Text(), nullable=True),
        sa.Column("headimgurl", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("profile_at", MOMENT, nullable=True),
        sa.Column("granted_base", sa.Boolean(), nullable=False),
        sa.Column("granted_userinfo", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("last_login_at", MOMENT, nullable=False),
        sa.Column("logins", sa.Integer(), nullable=False),
        sa.Column("last_site_id", ID, nullable=False),
        sa.Column("last_channel", sa.String(length=64), nullable=True),
        sa.Column("last_ref", sa.String(length=64), nullable=True),
        sa.Column("change_no", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("account_id", "openid", name=op.f("uq_user_account_id_openid")),
    )
    op.create_index("ix_user_change_no", "user", ["change_no"], unique=False)
    op.create_index("ix_user_last_login_at", "user", ["last_login_at", "id"], unique=False)
    op.create_index(op.f("ix_user_unionid"), "user", ["unionid"], unique=False)
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=True),
        sa.Column("user_agent", sa.String(length=256), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_session_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_staff_id"), "session", ["staff_id"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("contact", sa.String(length=256), nullable=True),
        sa.Column("handoff", sa.String(length=16), nullable=False),
        sa.Column("page_code", sa.Boolean(), nullable=False),
        sa.Column("dev", sa.Boolean(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("old_key_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("old_key_until", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_site_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_site_key_hash")),
        sa.UniqueConstraint("name", name=op.f("uq_site_name")),
    )
    op.create_index(op.f("ix_site_account_id"), "site", ["account_id"], unique=False)
    op.create_table(
        "token",
        sa.Column("user_id", ID, autoincrement=False, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("access_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("refresh_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("refresh_expires_at", MOMENT, nullable=False),
        sa.Column("next_refresh_at", MOMENT, nullable=False),
        sa.Column("refreshed_at", MOMENT, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("last_code", sa.String(length=32), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("lease_owner", ID, nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_token_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_token")),
    )
    op.create_index("ix_token_due", "token", ["state", "next_refresh_at"], unique=False)
    op.create_table(
        "user_channel",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("logins", sa.Integer(), nullable=False),
        sa.Column("last_ref", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_user_channel_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "site_id", "channel", name=op.f("pk_user_channel")),
    )
    op.create_table(
        "origin",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("origin", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_origin_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_origin")),
        sa.UniqueConstraint("site_id", "origin", name=op.f("uq_origin_site_id_origin")),
    )
    op.create_table(
        "return_url",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("url", sa.String(length=1024), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_return_url_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_url")),
        sa.UniqueConstraint("site_id", "url", name=op.f("uq_return_url_site_id_url")),
    )
    op.create_table(
        "staff_site",
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_staff_site_site_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_site_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("staff_id", "site_id", name=op.f("pk_staff_site")),
    )

    op.execute("INSERT INTO counter (name, value) VALUES ('user_changes', 0), ('registry', 0), ('nodes', 0)")


def downgrade() -> None:
    op.drop_table("staff_site")
    op.drop_table("return_url")
    op.drop_table("origin")
    op.drop_table("user_channel")
    op.drop_index("ix_token_due", table_name="token")
    op.drop_table("token")
    op.drop_index(op.f("ix_site_account_id"), table_name="site")
    op.drop_table("site")
    op.drop_index(op.f("ix_session_staff_id"), table_name="session")
    op.drop_table("session")
    op.drop_index(op.f("ix_user_unionid"), table_name="user")
    op.drop_index("ix_user_last_login_at", table_name="user")
    op.drop_index("ix_user_change_no", table_name="user")
    op.drop_table("user")
    op.drop_index(op.f("ix_ticket_expires_at"), table_name="ticket")
    op.drop_index(op.f("ix_ticket_attempt_id"), table_name="ticket")
    op.drop_table("ticket")
    op.drop_table("step_hour")
    op.drop_table("staff")
    op.drop_index(op.f("ix_node_seen_at"), table_name="node")
    op.drop_table("node")
    op.drop_table("login_hour")
    op.drop_table("key_in_use")
    op.drop_table("job_run")
    op.drop_table("failure_hour")
    op.drop_index(
        "ix_event_user_id",
        table_name="event",
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_event_attempt_id"), table_name="event")
    op.drop_table("event")
    op.drop_table("counter")
    op.drop_index(op.f("ix_code_claim_claimed_at"), table_name="code_claim")
    op.drop_index(op.f("ix_code_claim_attempt_id"), table_name="code_claim")
    op.drop_table("code_claim")
    op.drop_index(op.f("ix_audit_entry_at"), table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_index(
        "ix_attempt_waiting",
        table_name="attempt",
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.drop_index(
        "ix_attempt_user_id",
        table_name="attempt",
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.drop_table("attempt")
    op.drop_table("account")
