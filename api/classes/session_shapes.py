"""JSON shapes of the page of a class session. session_detail.py fills them."""

from pydantic import BaseModel

from shike.api.flags.shapes import FlagOut, RoomCountOut, SignedOut, WindowOut
from shike.api.moment import Moment
from shike.api.playback.held import HeldOut


class PlanOut(WindowOut):
    """The plan of the class session."""

    id: str
    sequence: int
    teacher: str
    kind: str
    state: str
    breaks: list[WindowOut]


class OfClassOut(BaseModel):
    """The class that the session belongs to."""

    id: str
    number: str
    name: str
    occupation: str
    level: str | None
    institution_id: str
    institution_name: str


class JudgedRoomOut(BaseModel):
    """The room. `larger_of_views`: it has several cameras on the same seats, and the larger count is shown."""

    id: str
    name: str
    no_camera_reason: str | None
    accepted: bool
    acceptance_mae: float | None
    larger_of_views: bool


class RecordedOut(WindowOut):
    run_id: str
    origin: str
    open: bool
    simulated: bool


class NotRecordedOut(WindowOut):
    reason: str


class SessionCameraOut(BaseModel):
    """A camera of the room, and what it recorded from a quarter of an hour before to one after the plan."""

    id: str
    name: str
    view: str | None
    has_sub: bool
    simulated: bool
    spans: list[RecordedOut]
    gaps: list[NotRecordedOut]
    holds: list[HeldOut]


class AttendeeOut(BaseModel):
    """One trainee in this class session."""

    trainee_id: str
    name: str
    id_number_masked: str
    status: str
    marks: list[str]
    first_in_at: str | None
    last_out_at: str | None
    credited_minutes: int
    lesson_hours: str
    review: list[str]


class ReviewOut(WindowOut):
    """A window in which the room contradicts the sign-ins. `code`: that of its flag."""

    code: str


class RecordOut(BaseModel):
    """The newest version of the session's attendance record."""

    version: int
    final: bool
    made_at: Moment
    settings_version: str
    inputs_digest: str
    planned_minutes: int
    planned_lesson_hours: str
    valid_share: float
    covered_share: float | None
    median: float | None
    median_low: float | None
    median_high: float | None
    review: list[ReviewOut]
    people: list[AttendeeOut]


class JudgedSignOut(BaseModel):
    """A sign-in or sign-out. `stands`: false if a later event corrects it."""

    id: str
    trainee_id: str
    trainee_name: str
    kind: str
    at: Moment
    received_at: Moment
    method: str
    device: str | None
    place: str | None
    operator: str | None
    reason: str | None
    stands: bool


class SessionDetail(WindowOut):
    """A class session with all its data, from 15 minutes before its plan to 15 minutes after it.

    `covered_share`: share of the planned time, since the room has a camera, that any camera recorded; as of the last
    judgement. `expected`: people enrolled and not on leave.
    """

    session: PlanOut
    of_class: OfClassOut
    room: JudgedRoomOut | None
    cameras: list[SessionCameraOut]
    counts: list[RoomCountOut]
    covered_share: float | None
    expected: int
    enrolled: int
    signed: list[SignedOut]
    flags: list[FlagOut]
    record: RecordOut | None
    sign_events: list[JudgedSignOut]
