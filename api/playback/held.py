"""Held ranges as time lines show them, under the bar of what was recorded. Design: docs/design/retention.md."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session as DbSession

from shike.api.auth.roles import Permission
from shike.api.auth.scopes import visible
from shike.api.auth.viewer import Viewer
from shike.api.moment import Moment
from shike.api.settings import Settings
from shike.attendance.retention.holds import Held, held_of
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.retention import HoldRow
from shike.capture.moment import from_us


class HeldOut(BaseModel):
    """A held range: no rule deletes its footage. `kind`: `hold`: somebody placed it; `flag`: a flag of a class session.

    `reason` is null for a user who may not read it.
    """

    start: Moment = Field(serialization_alias="from")
    end: Moment = Field(serialization_alias="to")
    kind: Literal["hold", "flag"]
    reason: str | None


def held_outs(
    db: DbSession, viewer: Viewer, camera: CameraRow, settings: Settings, start_us: int, end_us: int
) -> list[HeldOut]:
    """What of a camera (already scoped) is held within [start, end), cut to that."""
    held = [
        each
        for each in held_of(db, camera, settings.retention.flags, start_us, end_us)
        if each.end_us > start_us and each.start_us < end_us
    ]
    may_read, readable = viewer.may(Permission.KEEPING_READ), _readable_holds(db, viewer, held)
    return [
        HeldOut(
            start=from_us(max(each.start_us, start_us)),
            end=from_us(min(each.end_us, end_us)),
            kind=each.kind,
            reason=each.reason if (may_read and each.kind == "flag") or each.id in readable else None,
        )
        for each in held
    ]


def _readable_holds(db: DbSession, viewer: Viewer, held: Sequence[Held]) -> frozenset[str]:
    """Ids of the holds in the viewer's scope: a camera may have moved here with a hold of another institution."""
    ids = [each.id for each in held if each.kind == "hold"]
    if not ids or not viewer.may(Permission.KEEPING_READ):
        return frozenset()
    return frozenset(db.scalars(visible(viewer, HoldRow).with_only_columns(HoldRow.id).where(HoldRow.id.in_(ids))))
