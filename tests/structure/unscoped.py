"""The places that may read rows without the scoped query, each with the reason why no stranger's row gets out.

A reason is about the code as it is: read the function and its callers before you write one.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unscoped:
    """One function, the entities that it reads without the scoped query, and why it may."""

    path: str
    function: str
    entities: tuple[str, ...]
    reason: str


LOGIN = (
    Unscoped(
        "api/auth/login.py",
        "LoginGate.check",
        ("AccountRow",),
        "Nobody is logged in yet; the answer says only whether name and password fit.",
    ),
    Unscoped("api/auth/login.py", "open_login", ("LoginSessionRow",), "Deletes expired login sessions of everybody."),
    Unscoped(
        "api/auth/login.py",
        "close_logins",
        ("LoginSessionRow",),
        "Deletes login sessions of an account that is in scope or the caller's own.",
    ),
    Unscoped(
        "api/auth/login.py",
        "viewer_of_login",
        ("AccountRow", "LoginSessionRow"),
        "Makes the viewer, without whom there is no scope; the token names one login session.",
    ),
    Unscoped(
        "api/auth/login.py",
        "viewer_of",
        ("InstitutionRow", "RegionRow"),
        "Reads the account's own region or institution, from which its scope is made.",
    ),
    Unscoped("api/auth/guard.py", "look_up", ("LoginSessionRow",), "Notes when the caller's own login was last used."),
    Unscoped("api/auth/setup.py", "needs_setup", ("AccountRow",), "Asks only whether there is an account at all."),
    Unscoped(
        "api/accounts/me.py", "login", ("AccountRow",), "Reads the account whose password the login gate has checked."
    ),
    Unscoped("api/accounts/me.py", "logout", ("LoginSessionRow",), "Deletes the caller's own login session."),
    Unscoped("api/accounts/me.py", "change_password", ("AccountRow",), "Reads the caller's own account."),
    Unscoped(
        "api/registry/start.py",
        "get_start",
        ("entity",),
        "First run, before anybody can log in: answers yes or no for each kind of row.",
    ),
)

UNIQUE_IN_THE_INSTALLATION = (
    Unscoped(
        "api/accounts/administration.py",
        "create_account",
        ("AccountRow",),
        "User names are unique in the installation; the answer says only that the name is taken.",
    ),
    Unscoped(
        "api/registry/institutions.py",
        "checked_uscc",
        ("InstitutionRow",),
        "Credit codes are unique in the installation; the answer says only that the code is taken.",
    ),
)

MUST_SEE_ALL_ROWS = (
    Unscoped(
        "api/registry/cameras.py",
        "has_footage",
        ("entity",),
        "Any footage of a camera that was loaded in scope keeps the camera; answers yes or no.",
    ),
    Unscoped(
        "api/registry/rooms.py",
        "delete_room",
        ("CameraRow", "ClassSessionRow"),
        "Any camera or class session of a room that was loaded in scope keeps the room; answers yes or no.",
    ),
    Unscoped(
        "api/metrics/gauges.py",
        "Gauges.collect",
        ("CameraRow", "RoomRow", "SegmentRow"),
        "Metrics are of the whole installation; the route lets in the holder of the metrics token or this machine.",
    ),
    Unscoped(
        "api/live/news.py",
        "News._new_counts",
        ("SampleRow",),
        "One poll serves all listeners; Listener.offer drops messages about cameras outside of the listener's scope.",
    ),
    Unscoped(
        "api/recording/disk.py",
        "FootageVolume._measured",
        ("RunRow", "SegmentRow"),
        "A sum over the whole volume; shown in metrics, and to viewers who see everything.",
    ),
    Unscoped(
        "api/recording/needs.py",
        "footage_bytes",
        ("SegmentRow",),
        "A sum over the whole volume; its only caller asks for it when the viewer sees everything.",
    ),
    Unscoped("api/metrics/health.py", "get_health", ("SQL text",), "SELECT 1 reads no table."),
)

WRITING_THE_AUDIT_TRAIL = (
    Unscoped(
        "api/auth/audit.py",
        "place_of",
        ("RoomRow", "TrainingClassRow"),
        "Reads the parent of a row that the caller holds; the names go into the audit trail, not into the answer.",
    ),
    Unscoped(
        "api/playback/looks.py",
        "Looks.note",
        ("CameraRow",),
        "Reads a camera that the route loaded in scope again, in the transaction that writes the audit trail.",
    ),
)

OF_ROWS_IN_SCOPE = (
    Unscoped(
        "api/classes/training_classes.py",
        "class_outs",
        ("ClassSessionRow", "EnrolmentRow", "InstitutionRow"),
        "Institutions, rosters and timetables of classes that the caller loaded in scope.",
    ),
    Unscoped(
        "api/classes/training_classes.py",
        "check_class",
        ("TrainingClassRow",),
        "Classes of the same institution as a class in scope; reads ids to compare them.",
    ),
    Unscoped(
        "api/classes/training_classes.py",
        "check_sessions_within",
        ("ClassSessionRow",),
        "Sessions of a class that the caller loaded in scope; answers yes or no.",
    ),
    Unscoped(
        "api/classes/class_sessions.py",
        "class_session_outs",
        ("InstitutionRow", "RoomRow", "TrainingClassRow"),
        "Classes, institutions and rooms of sessions in scope; room_of keeps a session in rooms of its institution.",
    ),
    Unscoped(
        "api/classes/session_detail.py",
        "_of_class",
        ("InstitutionRow", "TrainingClassRow"),
        "The class and the institution of a session that the route loaded in scope.",
    ),
    Unscoped(
        "api/classes/session_detail.py",
        "_record",
        ("TraineeRow",),
        "The people named in the attendance record of a session that the route loaded in scope.",
    ),
    Unscoped(
        "api/classes/session_detail.py",
        "_sign_events",
        ("SignEventRow", "TraineeRow"),
        "Sign-ins of a session that the route loaded in scope, with the names of the people.",
    ),
    Unscoped(
        "api/classes/sign_ins.py",
        "sign_event_outs",
        ("SignEventRow", "TraineeRow"),
        "Sign-ins of a session that the route loaded in scope, with the names of the people.",
    ),
    Unscoped(
        "api/classes/sign_ins.py",
        "check_enrolled",
        ("EnrolmentRow",),
        "The roster of the class of a session that the route loaded in scope; answers yes or no.",
    ),
    Unscoped(
        "api/classes/sign_ins.py",
        "check_correction",
        ("SignEventRow",),
        "Refuses an event of another session alike with one that does not exist, before it looks for corrections.",
    ),
    Unscoped(
        "api/classes/sign_ins.py", "leave_out", ("TraineeRow",), "The person of a leave that is within the scope."
    ),
    Unscoped(
        "api/flags/shapes.py",
        "flag_outs",
        ("ClassSessionRow", "InstitutionRow", "RoomRow", "TrainingClassRow"),
        "Room, institution, session and class of flags that the caller loaded in scope.",
    ),
    Unscoped(
        "api/flags/evidence.py",
        "flag_detail",
        ("AttendanceRecordRow", "CameraRow"),
        "The record and the cameras of the room of a flag that the route loaded in scope.",
    ),
    Unscoped(
        "api/flags/evidence.py",
        "_against",
        ("ClassSessionRow", "FlagRow"),
        "The session of a flag that the route loaded in scope, and whether it has flags about gaps.",
    ),
    Unscoped(
        "api/flags/evidence.py", "_history", ("FlagVerdictRow",), "Verdicts on a flag that the route loaded in scope."
    ),
    Unscoped(
        "api/flags/acceptance.py",
        "_out",
        ("AcceptanceSampleRow", "CameraRow"),
        "True counts and cameras of a room that the route loaded in scope.",
    ),
    Unscoped(
        "api/live/wall.py", "latest_samples", ("SampleRow",), "Samples of cameras that camera_outs returned in scope."
    ),
    Unscoped(
        "api/recording/policies.py",
        "room_recordings",
        ("CameraRow", "InstitutionRow"),
        "Institutions of rooms that the caller loaded in scope, and how many cameras are in the rooms.",
    ),
    Unscoped(
        "api/recording/policies.py",
        "session_titles",
        ("ClassSessionRow", "TrainingClassRow"),
        "Sessions planned in rooms in scope; a session sits in rooms of its own institution.",
    ),
    Unscoped(
        "api/recording/policies.py",
        "_rows_in_force",
        ("RecordingPolicyRow",),
        "Policies of rooms that the caller loaded in scope.",
    ),
    Unscoped(
        "api/recording/policies.py",
        "_with_history",
        ("RecordingPolicyRow",),
        "Policies of a room that the route loaded in scope.",
    ),
    Unscoped(
        "api/recording/needs.py", "stream_loads", ("CameraRow",), "Cameras of rooms that the route loaded in scope."
    ),
    Unscoped(
        "api/recording/needs.py",
        "_last_segments",
        ("RunRow", "SegmentRow"),
        "Sizes of segments of a camera in scope, or of every camera for footage_bytes.",
    ),
    Unscoped(
        "api/registry/cameras.py", "move", ("RoomRow",), "The room of a camera in scope; reads which institution it is."
    ),
    Unscoped(
        "api/registry/rooms.py",
        "room_outs",
        ("CameraRow", "InstitutionRow"),
        "Institutions of rooms that the caller loaded in scope, and how many cameras are in the rooms.",
    ),
    Unscoped(
        "api/retention/rules.py",
        "_rules_in_force",
        ("RetentionRuleRow",),
        "Rules of cameras in scope, and the default rules, which everybody who reads rules may see.",
    ),
)

UNSCOPED = (*LOGIN, *UNIQUE_IN_THE_INSTALLATION, *MUST_SEE_ALL_ROWS, *WRITING_THE_AUDIT_TRAIL, *OF_ROWS_IN_SCOPE)
