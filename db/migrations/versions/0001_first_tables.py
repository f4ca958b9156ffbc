"""First tables."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcInstant

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Go to this revision from the one before."""
    op.create_table(
        "agency",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_reason", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=True),
        sa.Column("contact_name", sa.String(), nullable=False),
        sa.Column("contact_role", sa.String(), nullable=False),
        sa.Column("contact_email", sa.String(), nullable=True),
        sa.Column("deputy_email", sa.String(), nullable=True),
        sa.Column("senior_leader_email", sa.String(), nullable=True),
        sa.Column("data_protection_email", sa.String(), nullable=True),
        sa.Column("attendee_emails", sa.String(), nullable=False),
        sa.Column("areas", sa.String(), nullable=False),
        sa.Column("usual_track", sa.String(), nullable=False),
        sa.Column("contact_left_at", UtcInstant(), nullable=True),
        sa.Column("contact_since", UtcInstant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency")),
        sa.UniqueConstraint("partnership", "code", name=op.f("uq_agency_partnership_code")),
    )
    op.create_table(
        "content",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_content")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("counters", sa.Text(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "subject",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("partnership", sa.String(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("next_due_at", UtcInstant(), nullable=True),
        sa.Column("parked_at", UtcInstant(), nullable=True),
        sa.Column("parked_why", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["cycle_id"], ["subject.id"], name=op.f("fk_subject_cycle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject")),
        sa.UniqueConstraint("ref", name=op.f("uq_subject_ref")),
    )
    with op.batch_alter_table("subject", schema=None) as batch_op:
        batch_op.create_index("ix_subject_cycle", ["cycle_id", "kind"], unique=False)
        batch_op.create_index(
            "ix_subject_due",
            ["next_due_at"],
            unique=False,
            sqlite_where=sa.text("parked_at IS NULL AND next_due_at IS NOT NULL"),
            postgresql_where=sa.text("parked_at IS NULL AND next_due_at IS NOT NULL"),
        )

    op.create_table(
        "alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("attendee", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["partnership_id"], ["subject.id"], name=op.f("fk_alias_partnership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alias")),
        sa.UniqueConstraint("partnership_id", "address", name=op.f("uq_alias_partnership_id_address")),
    )
    op.create_table(
        "assessment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("given_at", UtcInstant(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("rated_by", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("agreed_at", UtcInstant(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["subject.id"], name=op.f("fk_assessment_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("case_id", "version", name=op.f("uq_assessment_case_id_version")),
    )
    op.create_table(
        "case_file",
        sa.Column("subject_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("track", sa.String(), nullable=False),
        sa.Column("dates", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_at", UtcInstant(), nullable=False),
        sa.Column("asked_at", UtcInstant(), nullable=True),
        sa.Column("submit_letter_on", sa.Date(), nullable=True),
        sa.Column("return_by", sa.Date(), nullable=True),
        sa.Column("gaps", sa.Text(), server_default="", nullable=False),
        sa.Column("interests", sa.Text(), server_default="", nullable=False),
        sa.Column("waived", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("covered_by_id", sa.Integer(), nullable=True),
        sa.Column("considered_at", UtcInstant(), nullable=True),
        sa.Column("assessed_at", UtcInstant(), nullable=True),
        sa.Column("agreed_at", UtcInstant(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_case_file_agency_id")),
        sa.ForeignKeyConstraint(["covered_by_id"], ["subject.id"], name=op.f("fk_case_file_covered_by_id")),
        sa.ForeignKeyConstraint(["cycle_id"], ["subject.id"], name=op.f("fk_case_file_cycle_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_case_file_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_case_file")),
    )
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_file_agency_id"), ["agency_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_file_covered_by_id"), ["covered_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_file_cycle_id"), ["cycle_id"], unique=False)

    op.create_table(
        "cycle",
        sa.Column("subject_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("partnership", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("definition_sha256", sa.String(), nullable=False),
        sa.Column("templates_sha256", sa.String(), nullable=False),
        sa.Column("holidays_sha256", sa.String(), nullable=False),
        sa.Column("target", sa.Text(), server_default="", nullable=False),
        sa.Column("cut_off", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_at", UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(["definition_sha256"], ["content.sha256"], name=op.f("fk_cycle_definition_sha256")),
        sa.ForeignKeyConstraint(["holidays_sha256"], ["content.sha256"], name=op.f("fk_cycle_holidays_sha256")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_cycle_subject_id")),
        sa.ForeignKeyConstraint(["templates_sha256"], ["content.sha256"], name=op.f("fk_cycle_templates_sha256")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_cycle")),
    )
    op.create_table(
        "escalation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("anchor", sa.Date(), nullable=False),
        sa.Column("warned_at", UtcInstant(), nullable=True),
        sa.Column("sent_at", UtcInstant(), nullable=True),
        sa.Column("hold_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["subject.id"], name=op.f("fk_escalation_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_escalation_case_id_number")),
    )
    op.create_table(
        "history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("recorded_at", UtcInstant(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=True),
        sa.Column("due_key", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("data", sa.Text(), server_default="{}", nullable=False),
        sa.Column("private_sha256", sa.String(), nullable=True),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_history_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
        sa.UniqueConstraint("subject_id", "due_key", name=op.f("uq_history_subject_id_due_key")),
        sa.UniqueConstraint("subject_id", "seq", name=op.f("uq_history_subject_id_seq")),
    )
    op.create_table(
        "history_private",
        sa.Column("subject_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_history_private_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", "seq", name=op.f("pk_history_private")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("what", sa.Text(), server_default="", nullable=False),
        sa.Column("released_at", UtcInstant(), nullable=True),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_incident_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("case_ref", sa.String(), nullable=True),
        sa.Column("agency", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("to_address", sa.String(), nullable=False),
        sa.Column("subject_line", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("valid_until", UtcInstant(), nullable=True),
        sa.Column("context", sa.Text(), server_default="", nullable=False),
        sa.Column("templates_sha256", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_why", sa.String(), nullable=False),
        sa.Column("queued_at", UtcInstant(), nullable=False),
        sa.Column("next_try_at", UtcInstant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", UtcInstant(), nullable=True),
        sa.Column("sent_at", UtcInstant(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["cycle_id"], ["subject.id"], name=op.f("fk_message_cycle_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_message_subject_id")),
        sa.ForeignKeyConstraint(["templates_sha256"], ["content.sha256"], name=op.f("fk_message_templates_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_message_dedupe_key")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_message_sent_as",
            ["message_id"],
            unique=False,
            sqlite_where=sa.text("message_id IS NOT NULL"),
            postgresql_where=sa.text("message_id IS NOT NULL"),
        )
        batch_op.create_index("ix_message_subject", ["subject_id", "kind"], unique=False)
        batch_op.create_index("ix_message_waiting", ["status", "next_try_at"], unique=False)

    op.create_table(
        "panel_day",
        sa.Column("subject_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("added_at", UtcInstant(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("told_at", UtcInstant(), nullable=True),
        sa.Column("answers", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["cycle_id"], ["subject.id"], name=op.f("fk_panel_day_cycle_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_panel_day_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_panel_day")),
        sa.UniqueConstraint("cycle_id", "day", name=op.f("uq_panel_day_cycle_id_day")),
        sa.UniqueConstraint("uid", name=op.f("uq_panel_day_uid")),
    )
    op.create_table(
        "panel_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("starts_at", UtcInstant(), nullable=False),
        sa.Column("ends_at", UtcInstant(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("revised_at", UtcInstant(), nullable=False),
        sa.Column("recorded_at", UtcInstant(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcInstant(), nullable=True),
        sa.Column("wanted_at", UtcInstant(), nullable=True),
        sa.Column("offered_at", UtcInstant(), nullable=True),
        sa.Column("offered_for", sa.String(), nullable=True),
        sa.Column("came", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["subject.id"], name=op.f("fk_panel_session_case_id")),
        sa.ForeignKeyConstraint(["cycle_id"], ["subject.id"], name=op.f("fk_panel_session_cycle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel_session")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_panel_session_case_id_number")),
        sa.UniqueConstraint("uid", name=op.f("uq_panel_session_uid")),
    )
    with op.batch_alter_table("panel_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_panel_session_cycle_id"), ["cycle_id"], unique=False)

    op.create_table(
        "partnership",
        sa.Column("subject_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("definition_sha256", sa.String(), nullable=False),
        sa.Column("digests_from", UtcInstant(), nullable=False),
        sa.Column("last_digest_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["definition_sha256"], ["content.sha256"], name=op.f("fk_partnership_definition_sha256")
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_partnership_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_partnership")),
        sa.UniqueConstraint("code", name=op.f("uq_partnership_code")),
    )
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("attendee", sa.String(), nullable=False),
        sa.Column("starts_at", UtcInstant(), nullable=False),
        sa.Column("ends_at", UtcInstant(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("sent_at", UtcInstant(), nullable=True),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["subject.id"], name=op.f("fk_proposal_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_proposal_case_id_number")),
    )
    op.create_table(
        "report_reading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("links_untried", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["subject.id"], name=op.f("fk_report_reading_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_reading")),
        sa.UniqueConstraint("case_id", "version", name=op.f("uq_report_reading_case_id_version")),
    )
    op.create_table(
        "review_action",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("review", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("reported_by", sa.String(), nullable=False),
        sa.Column("changed_at", UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_review_action_agency_id")),
        sa.ForeignKeyConstraint(["partnership_id"], ["subject.id"], name=op.f("fk_review_action_partnership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_action")),
        sa.UniqueConstraint("partnership_id", "number", name=op.f("uq_review_action_partnership_id_number")),
    )
    with op.batch_alter_table("review_action", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_action_agency_id"), ["agency_id"], unique=False)

    op.create_table(
        "submission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column("arrived_at", UtcInstant(), nullable=False),
        sa.Column("filed_at", UtcInstant(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("files", sa.Text(), server_default="", nullable=False),
        sa.Column("addresses", sa.Text(), server_default="", nullable=False),
        sa.Column("as_in_time", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["subject.id"], name=op.f("fk_submission_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
        sa.UniqueConstraint("case_id", "content_sha256", name=op.f("uq_submission_case_id_content_sha256")),
        sa.UniqueConstraint("case_id", "version", name=op.f("uq_submission_case_id_version")),
    )
    op.create_table(
        "succession",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_at", UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(["partnership_id"], ["subject.id"], name=op.f("fk_succession_partnership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_succession")),
        sa.UniqueConstraint("partnership_id", "number", name=op.f("uq_succession_partnership_id_number")),
    )
    op.create_table(
        "waiting_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership", sa.String(), nullable=False),
        sa.Column("arrived_at", UtcInstant(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("files", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", UtcInstant(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("written_at", UtcInstant(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("suggestion", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["subject.id"], name=op.f("fk_waiting_mail_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_mail")),
        sa.UniqueConstraint("partnership", "sha256", name=op.f("uq_waiting_mail_partnership_sha256")),
    )
    with op.batch_alter_table("waiting_mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_waiting_mail_case_id"), ["case_id"], unique=False)

    op.create_table(
        "reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("attendee", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", UtcInstant(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcInstant(), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["panel_session.id"], name=op.f("fk_reply_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
        sa.UniqueConstraint("session_id", "attendee", name=op.f("uq_reply_session_id_attendee")),
    )


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_table("reply")
    with op.batch_alter_table("waiting_mail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_waiting_mail_case_id"))

    op.drop_table("waiting_mail")
    op.drop_table("succession")
    op.drop_table("submission")
    with op.batch_alter_table("review_action", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_review_action_agency_id"))

    op.drop_table("review_action")
    op.drop_table("report_reading")
    op.drop_table("proposal")
    op.drop_table("partnership")
    with op.batch_alter_table("panel_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_panel_session_cycle_id"))

    op.drop_table("panel_session")
    op.drop_table("panel_day")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index("ix_message_waiting")
        batch_op.drop_index("ix_message_subject")
        batch_op.drop_index(
            "ix_message_sent_as",
            sqlite_where=sa.text("message_id IS NOT NULL"),
            postgresql_where=sa.text("message_id IS NOT NULL"),
        )

    op.drop_table("message")
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incident_subject_id"))

    op.drop_table("incident")
    op.drop_table("history_private")
    op.drop_table("history")
    op.drop_table("escalation")
    op.drop_table("cycle")
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_file_cycle_id"))
        batch_op.drop_index(batch_op.f("ix_case_file_covered_by_id"))
        batch_op.drop_index(batch_op.f("ix_case_file_agency_id"))

    op.drop_table("case_file")
    op.drop_table("assessment")
    op.drop_table("alias")
    with op.batch_alter_table("subject", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_subject_due",
            sqlite_where=sa.text("parked_at IS NULL AND next_due_at IS NOT NULL"),
            postgresql_where=sa.text("parked_at IS NULL AND next_due_at IS NOT NULL"),
        )
        batch_op.drop_index("ix_subject_cycle")

    op.drop_table("subject")
    op.drop_table("heartbeat")
    op.drop_table("content")
    op.drop_table("agency")
