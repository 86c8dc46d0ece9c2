"""Chooses the picture that a person should count next for the acceptance of a room, and reads the count of one picture.

The choice covers the whole occupancy with few answers: first the third of the occupancy that lacks most samples, in it
the count with fewest answers, of that the picture farthest in time from those already answered. Not here: whether the
room is accepted (acceptance.py). Design: docs/design/judgement.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.judgement.acceptance import PARTS, part_of, top_of, wanted_parts
from shike.attendance.judgement.gathering import SHOWN_OVER, room_counts, shown_by
from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.tables.counting import SampleRow
from shike.attendance.tables.judgement import AcceptanceSampleRow
from shike.attendance.tables.registry import CameraRow
from shike.capture.moment import from_us, to_us

CANDIDATES = 200
NEAR = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """A picture that the detector has counted and no person has. `boxes`: per camera, those counted as people."""

    count: RoomCount
    boxes: tuple[list[list[float]], ...]


def count_at(db: DbSession, room_id: str, picture_at: datetime, every_us: int) -> RoomCount | None:
    """The valid room count whose time is `picture_at`; None if there is none."""
    samples = _slot(db, room_id, picture_at, every_us)
    return next((each for each in room_counts(samples, every_us) if each.valid and _is_at(each, picture_at)), None)


def next_to_label(db: DbSession, room_id: str, now: datetime, every_us: int) -> Unlabelled | None:
    """The picture whose true count would help acceptance most; None if every suitable one has been answered."""
    rows = list(db.scalars(select(AcceptanceSampleRow).where(AcceptanceSampleRow.room_id == room_id)))
    pairs = [(row.true_count, row.counted) for row in rows]
    shown = shown_by(db, room_id, now)
    top, lacking = top_of(pairs, shown), wanted_parts(pairs, shown)
    labelled = [count for _, count in pairs]
    occurring = {part: [count for count in shown if part_of(count, top) == part] for part in PARTS}
    have = {part: sum(part_of(count, top) == part for count in labelled) for part in PARTS}
    answered = [row.picture_at for row in rows]
    for part in sorted(occurring, key=lambda each: (-lacking.get(each, 0), have[each], PARTS.index(each))):
        for count in sorted(occurring[part], key=lambda each: (labelled.count(each), -shown[each], each)):
            chosen = _farthest(db, room_id, count, now, answered, every_us)
            if chosen is not None:
                return chosen
    return None


def _farthest(
    db: DbSession, room_id: str, count: int, now: datetime, answered: Sequence[datetime], every_us: int
) -> Unlabelled | None:
    """Of the newest pictures with this count, the one farthest in time from all that were answered."""
    moments = list(
        db.scalars(
            select(SampleRow.picture_at)
            .where(
                SampleRow.camera_id.in_(select(CameraRow.id).where(CameraRow.room_id == room_id)),
                SampleRow.picture_at >= now - SHOWN_OVER,
                SampleRow.picture_at <= now,
                SampleRow.valid,
                SampleRow.count == count,
            )
            .order_by(SampleRow.picture_at.desc())
            .limit(CANDIDATES)
        )
    )
    apart = {moment: min((abs(moment - each) for each in answered), default=SHOWN_OVER) for moment in moments}
    for moment in sorted(moments, key=lambda each: (-apart[each], each)):
        if apart[moment] < NEAR:
            break
        samples = _slot(db, room_id, moment, every_us)
        for fused in room_counts(samples, every_us):
            if fused.valid and fused.count == count:
                return Unlabelled(fused, _boxes(fused, samples))
    return None


def _slot(db: DbSession, room_id: str, moment: datetime, every_us: int) -> list[SampleRow]:
    """All samples of the room in the slot of a moment."""
    start_us = to_us(moment) // every_us * every_us
    query = select(SampleRow).where(
        SampleRow.camera_id.in_(select(CameraRow.id).where(CameraRow.room_id == room_id)),
        SampleRow.picture_at >= from_us(start_us),
        SampleRow.picture_at < from_us(start_us + every_us),
    )
    return list(db.scalars(query.order_by(SampleRow.picture_at)))


def _boxes(fused: RoomCount, samples: Sequence[SampleRow]) -> tuple[list[list[float]], ...]:
    by_camera = {each.camera_id: each for each in sorted(samples, key=lambda sample: sample.created_at) if each.valid}
    return tuple(
        [box for box in by_camera[camera].boxes if box[4] >= by_camera[camera].threshold] for camera in fused.cameras
    )


def _is_at(count: RoomCount, moment: datetime) -> bool:
    return count.at_us == to_us(moment)
