"""Training: classes, class sessions, trainees, sign-ins, judgements and decisions.

Written out by hand after the tables as they were then: a migration never imports today's tables.
Times are microseconds since 1970 UTC, days are ISO 8601 strings.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    create_classes()
    create_trainees()
    create_signs()
    create_judgement()
    create_decisions()


def downgrade() -> None:
    for table in (
        "decision",
        "flag_verdict",
        "flag",
        "attendance_record",
        "acceptance_sample",
        "leave",
        "sign_event",
        "enrolment",
        "trainee",
        "class_session",
        "training_class",
    ):
        op.drop_table(table)


def create_classes() -> None:
    """Tables of classes and class sessions."""
    op.create_table(
        "training_class",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("project_type", sa.String(length=20), nullable=False),
        sa.Column("occupation", sa.String(length=100), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=True),
        sa.Column("starts_on", sa.String(length=10), nullable=False),
        sa.Column("ends_on", sa.String(length=10), nullable=False),
        sa.Column("planned_lesson_hours", sa.Integer(), nullable=False),
        sa.Column("funding_year", sa.Integer(), nullable=False),
        sa.Column("county_review_ref", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("project_type IN ('new_hire', 'upgrade')", name=op.f("ck_training_class_project_type")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_training_class_institution_id_institution")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_class")),
        sa.UniqueConstraint("institution_id", "number", name=op.f("uq_training_class_institution_id_number")),
    )
    op.create_table(
        "class_session",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("class_id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=36), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("teacher", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("breaks", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('theory', 'practice', 'makeup')", name=op.f("ck_class_session_kind")),
        sa.CheckConstraint(
            "state IN ('planned', 'running', 'ended', 'final', 'cancelled')", name=op.f("ck_class_session_state")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_class_session_order")),
        sa.ForeignKeyConstraint(
            ["class_id"], ["training_class.id"], name=op.f("fk_class_session_class_id_training_class")
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_class_session_room_id_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_session")),
        sa.UniqueConstraint("class_id", "sequence", name=op.f("uq_class_session_class_id_sequence")),
    )
    op.create_index("ix_class_session_room_id_starts_at", "class_session", ["room_id", "starts_at"])
    op.create_index("ix_class_session_starts_at", "class_session", ["starts_at"])


def create_trainees() -> None:
    """Tables of trainees and enrolments."""
    op.create_table(
        "trainee",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("id_number_hash", sa.String(length=64), nullable=False),
        sa.Column("id_number_masked", sa.String(length=18), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("category", sa.String(length=100), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_trainee_institution_id_institution")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trainee")),
        sa.UniqueConstraint("institution_id", "id_number_hash", name=op.f("uq_trainee_institution_id_id_number_hash")),
    )
    op.create_index("ix_trainee_id_number_hash", "trainee", ["id_number_hash"])
    op.create_table(
        "enrolment",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("class_id", sa.String(length=36), nullable=False),
        sa.Column("trainee_id", sa.String(length=36), nullable=False),
        sa.Column("employer", sa.String(length=200), nullable=True),
        sa.Column("agency", sa.String(length=200), nullable=True),
        sa.Column("hire_date", sa.String(length=10), nullable=True),
        sa.Column("joined_on", sa.String(length=10), nullable=False),
        sa.Column("left_on", sa.String(length=10), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=True),
        sa.Column("certificate_level", sa.String(length=20), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("result IN ('passed', 'failed')", name=op.f("ck_enrolment_result")),
        sa.CheckConstraint("state IN ('enrolled', 'left')", name=op.f("ck_enrolment_state")),
        sa.ForeignKeyConstraint(["class_id"], ["training_class.id"], name=op.f("fk_enrolment_class_id_training_class")),
        sa.ForeignKeyConstraint(["trainee_id"], ["trainee.id"], name=op.f("fk_enrolment_trainee_id_trainee")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint("class_id", "trainee_id", name=op.f("uq_enrolment_class_id_trainee_id")),
    )
    op.create_index("ix_enrolment_trainee_id", "enrolment", ["trainee_id"])


def create_signs() -> None:
    """Tables of sign-ins and leaves."""
    op.create_table(
        "sign_event",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("class_session_id", sa.String(length=36), nullable=False),
        sa.Column("trainee_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=3), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("device", sa.String(length=100), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("operator", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("corrects_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint("kind IN ('in', 'out')", name=op.f("ck_sign_event_kind")),
        sa.CheckConstraint("method IN ('file', 'hand', 'qr', 'card', 'device')", name=op.f("ck_sign_event_method")),
        sa.ForeignKeyConstraint(
            ["class_session_id"], ["class_session.id"], name=op.f("fk_sign_event_class_session_id_class_session")
        ),
        sa.ForeignKeyConstraint(["corrects_id"], ["sign_event.id"], name=op.f("fk_sign_event_corrects_id_sign_event")),
        sa.ForeignKeyConstraint(["trainee_id"], ["trainee.id"], name=op.f("fk_sign_event_trainee_id_trainee")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_event")),
        sa.UniqueConstraint(
            "class_session_id",
            "trainee_id",
            "kind",
            "at",
            "method",
            name=op.f("uq_sign_event_class_session_id_trainee_id_kind_at_method"),
        ),
    )
    op.create_index("ix_sign_event_received_at", "sign_event", ["received_at"])
    op.create_index("ix_sign_event_trainee_id", "sign_event", ["trainee_id"])
    op.create_table(
        "leave",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("class_session_id", sa.String(length=36), nullable=False),
        sa.Column("trainee_id", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("approved_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_session_id"], ["class_session.id"], name=op.f("fk_leave_class_session_id_class_session")
        ),
        sa.ForeignKeyConstraint(["trainee_id"], ["trainee.id"], name=op.f("fk_leave_trainee_id_trainee")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leave")),
        sa.UniqueConstraint("class_session_id", "trainee_id", name=op.f("uq_leave_class_session_id_trainee_id")),
    )
    op.create_index("ix_leave_trainee_id", "leave", ["trainee_id"])


def create_judgement() -> None:
    """Tables of judgements: records, flags, verdicts, acceptance samples."""
    op.create_table(
        "acceptance_sample",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("room_id", sa.String(length=36), nullable=False),
        sa.Column("picture_at", sa.BigInteger(), nullable=False),
        sa.Column("camera_ids", sa.JSON(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("true_count", sa.Integer(), nullable=False),
        sa.Column("entered_by", sa.String(length=100), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_acceptance_sample_room_id_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptance_sample")),
        sa.UniqueConstraint("room_id", "picture_at", name=op.f("uq_acceptance_sample_room_id_picture_at")),
    )
    op.create_table(
        "attendance_record",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("class_session_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inputs_digest", sa.String(length=64), nullable=False),
        sa.Column("settings_version", sa.String(length=100), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_session_id"], ["class_session.id"], name=op.f("fk_attendance_record_class_session_id_class_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_record")),
        sa.UniqueConstraint("class_session_id", "version", name=op.f("uq_attendance_record_class_session_id_version")),
    )
    op.create_table(
        "flag",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("class_session_id", sa.String(length=36), nullable=True),
        sa.Column("room_id", sa.String(length=36), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("window_from", sa.BigInteger(), nullable=False),
        sa.Column("window_to", sa.BigInteger(), nullable=False),
        sa.Column("moment_at", sa.BigInteger(), nullable=False),
        sa.Column("camera_id", sa.String(length=36), nullable=True),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("rule_version", sa.String(length=100), nullable=False),
        sa.Column("record_id", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("severity IN ('red', 'yellow', 'info')", name=op.f("ck_flag_severity")),
        sa.CheckConstraint(
            "state IN ('open', 'confirmed', 'rejected', 'undecidable', 'withdrawn')", name=op.f("ck_flag_state")
        ),
        sa.ForeignKeyConstraint(["camera_id"], ["camera.id"], name=op.f("fk_flag_camera_id_camera")),
        sa.ForeignKeyConstraint(
            ["class_session_id"], ["class_session.id"], name=op.f("fk_flag_class_session_id_class_session")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_flag_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["attendance_record.id"], name=op.f("fk_flag_record_id_attendance_record")
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_flag_room_id_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
        sa.UniqueConstraint(
            "class_session_id", "code", "window_from", name=op.f("uq_flag_class_session_id_code_window_from")
        ),
    )
    op.create_index("ix_flag_institution_id_opened_at", "flag", ["institution_id", "opened_at"])
    op.create_index("ix_flag_room_id_window_from", "flag", ["room_id", "window_from"])
    op.create_index("ix_flag_state_opened_at", "flag", ["state", "opened_at"])
    op.create_table(
        "flag_verdict",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("flag_id", sa.String(length=36), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("account_name", sa.String(length=100), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("verdict IN ('confirmed', 'rejected', 'undecidable')", name=op.f("ck_flag_verdict_verdict")),
        sa.ForeignKeyConstraint(["flag_id"], ["flag.id"], name=op.f("fk_flag_verdict_flag_id_flag")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag_verdict")),
    )
    op.create_index("ix_flag_verdict_flag_id", "flag_verdict", ["flag_id"])


def create_decisions() -> None:
    """Table of subsidy decisions."""
    op.create_table(
        "decision",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("class_id", sa.String(length=36), nullable=False),
        sa.Column("trainee_id", sa.String(length=36), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("inputs_digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('eligible', 'not_eligible', 'review', 'referred')", name=op.f("ck_decision_verdict")
        ),
        sa.ForeignKeyConstraint(["class_id"], ["training_class.id"], name=op.f("fk_decision_class_id_training_class")),
        sa.ForeignKeyConstraint(["trainee_id"], ["trainee.id"], name=op.f("fk_decision_trainee_id_trainee")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint("class_id", "trainee_id", "version", name=op.f("uq_decision_class_id_trainee_id_version")),
    )
    op.create_index("ix_decision_trainee_id", "decision", ["trainee_id"])
