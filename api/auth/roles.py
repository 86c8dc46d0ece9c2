"""Rights: the table of roles (role → rights) and the table of routes (route → right), which guard and tests read.

Everything is denied by default: create_app raises an error while ROUTES lacks a route. Decision: docs/decisions/0002.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """A right, or one of the two conditions that need no role (public, member)."""

    PUBLIC = "public"  # everybody, also without a login
    MEMBER = "member"  # everybody who is logged in
    LIVE_VIEW = "live.view"
    PLAYBACK_VIEW = "playback.view"
    EXPORT = "export"
    REGISTRY_READ = "registry.read"
    REGISTRY_WRITE = "registry.write"
    ACCOUNTS_MANAGE = "accounts.manage"
    AUDIT_READ = "audit.read"
    CLASSES_READ = "classes.read"
    CLASSES_WRITE = "classes.write"
    FLAGS_READ = "flags.read"
    FLAGS_JUDGE = "flags.judge"
    ACCEPTANCE_WRITE = "acceptance.write"
    SUBSIDY_READ = "subsidy.read"
    SUBSIDY_DECIDE = "subsidy.decide"
    KEEPING_READ = "keeping.read"
    KEEPING_WRITE = "keeping.write"
    HOLDS_WRITE = "holds.write"


class Role(StrEnum):
    """What an account may do. Its scope (a region or an institution) says over which rows."""

    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    INSTITUTION = "institution"


P = Permission

# What every role may read, within its scope.
READERS: Final = frozenset(
    {P.LIVE_VIEW, P.PLAYBACK_VIEW, P.REGISTRY_READ, P.CLASSES_READ, P.FLAGS_READ, P.SUBSIDY_READ}
)

ROLES: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.ADMINISTRATOR: frozenset(Permission) - {P.PUBLIC, P.MEMBER},
    Role.SUPERVISOR: READERS
    | {P.EXPORT, P.FLAGS_JUDGE, P.ACCEPTANCE_WRITE, P.SUBSIDY_DECIDE, P.KEEPING_READ, P.HOLDS_WRITE},
    Role.AUDITOR: READERS | {P.EXPORT, P.AUDIT_READ, P.FLAGS_JUDGE, P.SUBSIDY_DECIDE, P.KEEPING_READ, P.HOLDS_WRITE},
    Role.INSTITUTION: READERS | {P.CLASSES_WRITE},
}

# "METHOD /path" as it is declared; WS is a WebSocket.
ROUTES: Final[Mapping[str, Permission]] = {
    "GET /api/health": P.PUBLIC,
    # No login; the route itself checks a token, or that the request comes from this machine (metrics/exposition.py).
    "GET /metrics": P.PUBLIC,
    "GET /api/start": P.PUBLIC,
    "POST /api/start": P.PUBLIC,
    "POST /api/login": P.PUBLIC,
    "POST /api/logout": P.MEMBER,
    "GET /api/me": P.MEMBER,
    "POST /api/me/password": P.MEMBER,
    "GET /api/regions": P.REGISTRY_READ,
    "POST /api/regions": P.REGISTRY_WRITE,
    "GET /api/institutions": P.REGISTRY_READ,
    "POST /api/institutions": P.REGISTRY_WRITE,
    "PATCH /api/institutions/{institution_id}": P.REGISTRY_WRITE,
    "GET /api/rooms": P.REGISTRY_READ,
    "POST /api/rooms": P.REGISTRY_WRITE,
    "GET /api/rooms/{room_id}": P.REGISTRY_READ,
    "PATCH /api/rooms/{room_id}": P.REGISTRY_WRITE,
    "DELETE /api/rooms/{room_id}": P.REGISTRY_WRITE,
    "GET /api/recording-policies": P.REGISTRY_READ,
    "GET /api/rooms/{room_id}/recording-policy": P.REGISTRY_READ,
    "PUT /api/rooms/{room_id}/recording-policy": P.REGISTRY_WRITE,
    "GET /api/recording-needs": P.REGISTRY_READ,
    "GET /api/cameras": P.REGISTRY_READ,
    "POST /api/cameras": P.REGISTRY_WRITE,
    "POST /api/cameras/probe": P.REGISTRY_WRITE,
    "GET /api/cameras/{camera_id}": P.REGISTRY_READ,
    "PATCH /api/cameras/{camera_id}": P.REGISTRY_WRITE,
    "DELETE /api/cameras/{camera_id}": P.REGISTRY_WRITE,
    "GET /api/accounts": P.ACCOUNTS_MANAGE,
    "POST /api/accounts": P.ACCOUNTS_MANAGE,
    "PATCH /api/accounts/{account_id}": P.ACCOUNTS_MANAGE,
    "GET /api/audit-events": P.AUDIT_READ,
    "GET /api/wall": P.LIVE_VIEW,
    "WS /api/events": P.LIVE_VIEW,
    "WS /api/cameras/{camera_id}/live": P.LIVE_VIEW,
    "POST /api/cameras/{camera_id}/reconnect": P.LIVE_VIEW,
    "GET /api/cameras/{camera_id}/days": P.PLAYBACK_VIEW,
    "GET /api/cameras/{camera_id}/timeline": P.PLAYBACK_VIEW,
    "GET /api/cameras/{camera_id}/playlist.m3u8": P.PLAYBACK_VIEW,
    "GET /api/cameras/{camera_id}/picture.jpg": P.PLAYBACK_VIEW,
    "GET /api/cameras/{camera_id}/footage/{stream}/{day}/{name}": P.PLAYBACK_VIEW,
    "GET /api/cameras/{camera_id}/export": P.EXPORT,
    "GET /api/cameras/{camera_id}/status": P.PLAYBACK_VIEW,
    "GET /api/cameras/{camera_id}/recording-days": P.PLAYBACK_VIEW,
    "GET /api/cameras/{camera_id}/recording-report": P.PLAYBACK_VIEW,
    "GET /api/cameras/{camera_id}/recording-report.csv": P.PLAYBACK_VIEW,
    "GET /api/recording-report": P.PLAYBACK_VIEW,
    "GET /api/recording-report.csv": P.PLAYBACK_VIEW,
    "GET /api/classes": P.CLASSES_READ,
    "POST /api/classes": P.CLASSES_WRITE,
    "GET /api/classes/{class_id}": P.CLASSES_READ,
    "PATCH /api/classes/{class_id}": P.CLASSES_WRITE,
    "GET /api/classes/{class_id}/sessions": P.CLASSES_READ,
    "GET /api/classes/{class_id}/enrolments": P.CLASSES_READ,
    "POST /api/classes/{class_id}/enrolments": P.CLASSES_WRITE,
    "PATCH /api/enrolments/{enrolment_id}": P.CLASSES_WRITE,
    "GET /api/trainees": P.CLASSES_READ,
    "GET /api/trainees/{trainee_id}": P.CLASSES_READ,
    "PATCH /api/trainees/{trainee_id}": P.CLASSES_WRITE,
    "GET /api/class-sessions": P.CLASSES_READ,
    "POST /api/class-sessions": P.CLASSES_WRITE,
    "GET /api/class-sessions/{class_session_id}": P.CLASSES_READ,
    "PATCH /api/class-sessions/{class_session_id}": P.CLASSES_WRITE,
    "GET /api/class-sessions/{class_session_id}/sign-events": P.CLASSES_READ,
    "POST /api/class-sessions/{class_session_id}/sign-events": P.CLASSES_WRITE,
    "GET /api/class-sessions/{class_session_id}/leaves": P.CLASSES_READ,
    "POST /api/class-sessions/{class_session_id}/leaves": P.CLASSES_WRITE,
    "DELETE /api/leaves/{leave_id}": P.CLASSES_WRITE,
    "POST /api/imports/{kind}": P.CLASSES_WRITE,
    "GET /api/imports/{kind}/template.csv": P.CLASSES_WRITE,
    "GET /api/class-sessions/{class_session_id}/detail": P.FLAGS_READ,
    "GET /api/flags": P.FLAGS_READ,
    "GET /api/flags/{flag_id}": P.FLAGS_READ,
    "POST /api/flags/{flag_id}/verdict": P.FLAGS_JUDGE,
    "GET /api/rooms/{room_id}/acceptance": P.FLAGS_READ,
    "POST /api/rooms/{room_id}/acceptance": P.ACCEPTANCE_WRITE,
    "DELETE /api/rooms/{room_id}/acceptance/{sample_id}": P.ACCEPTANCE_WRITE,
    "GET /api/retention": P.KEEPING_READ,
    "GET /api/retention/alarm": P.KEEPING_READ,
    "GET /api/retention/rules": P.KEEPING_READ,
    "POST /api/retention/rules": P.KEEPING_WRITE,
    "PUT /api/cameras/{camera_id}/importance": P.KEEPING_WRITE,
    "POST /api/retention/brakes/{brake_id}/confirm": P.KEEPING_WRITE,
    "GET /api/holds": P.KEEPING_READ,
    "POST /api/holds": P.HOLDS_WRITE,
    "POST /api/holds/{hold_id}/release": P.HOLDS_WRITE,
    "GET /api/deletions": P.KEEPING_READ,
    "GET /api/cameras/{camera_id}/deletions": P.KEEPING_READ,
    "GET /api/classes/{class_id}/decisions": P.SUBSIDY_READ,
    "POST /api/classes/{class_id}/decisions": P.SUBSIDY_DECIDE,
    "GET /api/classes/{class_id}/decisions/{trainee_id}": P.SUBSIDY_READ,
}


def permissions_of(role: str) -> frozenset[Permission]:
    """The rights of a role. ValueError for an unknown role."""
    return ROLES[Role(role)]
