"""The numbers behind the retention alarm that every page of the browser app shows; cheap, as each browser polls it.

Not here: everything else about retention (rules.py).
"""

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import func, select

from shike.api.auth.guard import CurrentViewer
from shike.api.auth.scopes import visible
from shike.api.current import CurrentSettings, Db
from shike.api.processes import unmounted
from shike.api.wire import PROBLEM
from shike.attendance.tables.registry import CameraRow
from shike.attendance.tables.retention import BrakeRow
from shike.capture.recorder.desired import Desired

router = APIRouter(tags=["retention"], responses=PROBLEM)


class RetentionAlarmOut(BaseModel):
    """`resting`: cameras that do not record because space is short. `waiting`: clean-ups that wait for confirmation.

    `unmounted`: cameras of which nothing is deleted, because some of their footage is not mounted.
    """

    resting: int
    waiting: int
    unmounted: int


@router.get("/api/retention/alarm")
def read_retention_alarm(db: Db, viewer: CurrentViewer, settings: CurrentSettings) -> RetentionAlarmOut:
    """How many cameras and clean-ups in scope need a person now; all numbers are 0 if none does."""
    resting = {each.camera_id for each in Desired.load(settings.state_dir).streams if each.rest == "storage_full"}
    not_mounted = unmounted.load(settings.state_dir)
    in_scope = (
        set(db.scalars(visible(viewer, CameraRow).with_only_columns(CameraRow.id))) if resting or not_mounted else set()
    )
    waiting = visible(viewer, BrakeRow).where(BrakeRow.state == "waiting").subquery()
    return RetentionAlarmOut(
        resting=len(resting & in_scope),
        waiting=db.scalar(select(func.count()).select_from(waiting)) or 0,
        unmounted=len(not_mounted & in_scope),
    )
