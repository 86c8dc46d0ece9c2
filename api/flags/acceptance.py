"""Acceptance of rooms: a person enters how many people a picture shows, and the product measures its counts by that.

Until a room is accepted, no flag that accuses is raised in it. Every number that is entered or removed is written to
the audit trail, and settled class sessions of the room are judged again. Not here: when a room is accepted
(attendance/judgement/acceptance.py). Design: docs/design/judgement.md.
"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.api.auth import audit
from shike.api.auth.guard import CurrentCaller, CurrentViewer
from shike.api.auth.scopes import find, load, visible
from shike.api.current import CurrentAcceptances, CurrentClock, Db, SampleEvery
from shike.api.errors import Invalid, NotFound
from shike.api.moment import Moment, now
from shike.api.wire import PROBLEM, Body
from shike.attendance.judgement.acceptance import LEAST_SAMPLES, Acceptance
from shike.attendance.judgement.labelling import count_at, next_to_label
from shike.attendance.judgement.versions import reopen
from shike.attendance.tables.judgement import AcceptanceSampleRow
from shike.attendance.tables.registry import CameraRow, RoomRow
from shike.attendance.tables.training import ClassSessionRow
from shike.capture.moment import from_us

router = APIRouter(tags=["acceptance"], responses=PROBLEM)

# No training room holds more people. A typing error must not widen an interval permanently.
MOST_PEOPLE = 500


class TrueCountIn(Body):
    """The true number of people in a picture of the room."""

    picture_at: AwareDatetime
    true_count: Annotated[int, Field(ge=0, le=MOST_PEOPLE)]


class LabelledOut(BaseModel):
    """A picture with its true number of people and its count."""

    id: str
    picture_at: Moment
    camera_ids: list[str]
    counted: int
    true_count: int
    entered_by: str
    entered_at: Moment


class ToLabel(BaseModel):
    """A picture whose true number is asked for: /api/cameras/{camera_id}/picture.jpg?at={picture_at}&large=true.

    `boxes`: per camera in the order of `camera_ids`, [[x0, y0, x1, y1, score], ...] in 0..1, those counted as people.
    """

    picture_at: Moment
    camera_ids: list[str]
    counted: int
    low: int
    high: int
    boxes: list[list[list[float]]]


class AcceptanceOut(BaseModel):
    """How well a room is counted. Errors in heads: `mae` mean absolute, `bias` mean of counted − true.

    `missing`: samples, occupied (never seen in use), low, middle or high (that third of the occupancy); null once
    accepted. `least_samples`: required number of samples. `larger_of_views`: several cameras; the larger count is used.
    """

    accepted: bool
    missing: str | None
    least_samples: int
    samples: list[LabelledOut]
    mae: float | None
    bias: float | None
    low_error: int | None
    high_error: int | None
    larger_of_views: bool
    next: ToLabel | None


@router.get("/api/rooms/{room_id}/acceptance")
def read_acceptance(
    room_id: str,
    db: Db,
    viewer: CurrentViewer,
    clock: CurrentClock,
    every_us: SampleEvery,
    acceptances: CurrentAcceptances,
) -> AcceptanceOut:
    """The acceptance of a room so far, and the picture whose true number would help most."""
    room = load(db, viewer, RoomRow, room_id)
    return _out(db, room, acceptances.of(db, room.id), clock.now(), every_us)


@router.post("/api/rooms/{room_id}/acceptance")
def enter_true_count(
    room_id: str,
    body: TrueCountIn,
    db: Db,
    caller: CurrentCaller,
    clock: CurrentClock,
    every_us: SampleEvery,
    acceptances: CurrentAcceptances,
) -> AcceptanceOut:
    """Enter the true number of a counted picture. A second number for the same picture replaces the first one."""
    room = load(db, caller.viewer, RoomRow, room_id)
    counted = count_at(db, room.id, body.picture_at, every_us)
    if counted is None:
        raise Invalid("picture_at", "not_counted", "no countable picture of this room was counted at this moment")
    sample = db.scalars(
        visible(caller.viewer, AcceptanceSampleRow).where(
            AcceptanceSampleRow.room_id == room.id, AcceptanceSampleRow.picture_at == from_us(counted.at_us)
        )
    ).one_or_none()
    if sample is None:
        sample = AcceptanceSampleRow(room_id=room.id, picture_at=from_us(counted.at_us))
        db.add(sample)
    sample.camera_ids, sample.counted = list(counted.cameras), counted.count
    sample.true_count, sample.entered_by, sample.entered_at = body.true_count, caller.viewer.name, now(clock)
    db.flush()
    place = audit.place_of(db, room)
    numbers = {"true_count": body.true_count, "counted": counted.count}
    audit.write(db, clock, caller, "acceptance", place, verb="entered", sample_id=sample.id, **numbers)
    return _out(db, room, acceptances.of(db, room.id), clock.now(), every_us)


@router.delete("/api/rooms/{room_id}/acceptance/{sample_id}")
def remove_true_count(
    room_id: str,
    sample_id: str,
    db: Db,
    caller: CurrentCaller,
    clock: CurrentClock,
    every_us: SampleEvery,
    acceptances: CurrentAcceptances,
) -> AcceptanceOut:
    """Remove a number that was entered by mistake. The audit trail keeps it."""
    room = load(db, caller.viewer, RoomRow, room_id)
    sample = find(db, caller.viewer, AcceptanceSampleRow, sample_id)
    if sample is None or sample.room_id != room.id:
        raise NotFound(code="acceptance_sample_not_found")
    place = audit.place_of(db, room)
    numbers = {"true_count": sample.true_count, "counted": sample.counted}
    audit.write(db, clock, caller, "acceptance", place, verb="removed", sample_id=sample.id, **numbers)
    db.delete(sample)
    db.flush()
    reopen(db, ClassSessionRow.room_id == room.id)
    return _out(db, room, acceptances.of(db, room.id), clock.now(), every_us)


def _out(db: DbSession, room: RoomRow, acceptance: Acceptance, now_us: int, every_us: int) -> AcceptanceOut:
    rows = db.scalars(
        select(AcceptanceSampleRow)
        .where(AcceptanceSampleRow.room_id == room.id)
        .order_by(AcceptanceSampleRow.picture_at)
    )
    waiting = next_to_label(db, room.id, from_us(now_us), every_us)
    return AcceptanceOut(
        accepted=acceptance.accepted,
        missing=acceptance.missing,
        least_samples=LEAST_SAMPLES,
        samples=[
            LabelledOut(
                id=row.id,
                picture_at=row.picture_at,
                camera_ids=row.camera_ids,
                counted=row.counted,
                true_count=row.true_count,
                entered_by=row.entered_by,
                entered_at=row.entered_at,
            )
            for row in rows
        ],
        mae=acceptance.mae,
        bias=acceptance.bias,
        low_error=acceptance.low_error,
        high_error=acceptance.high_error,
        larger_of_views=len(
            list(db.scalars(select(CameraRow.id).where(CameraRow.room_id == room.id, CameraRow.enabled)))
        )
        > 1,
        next=None
        if waiting is None
        else ToLabel(
            picture_at=from_us(waiting.count.at_us),
            camera_ids=list(waiting.count.cameras),
            counted=waiting.count.count,
            low=waiting.count.low,
            high=waiting.count.high,
            boxes=[list(each) for each in waiting.boxes],
        ),
    )
