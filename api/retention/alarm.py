"""What about keeping footage cannot wait until somebody opens its page: cheap enough to be asked by every browser.

Everything else about it is retention.py.
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
    """`resting`: cameras that do not record because space is short. `waiting`: clean-ups that wait for a word.

    `unmounted`: cameras of whose footage nothing is deleted because some of it is not there.
    """

    resting: int
    waiting: int
    unmounted: int


@router.get("/api/retention/alarm")
def read_retention_alarm(db: Db, viewer: CurrentViewer, settings: CurrentSettings) -> RetentionAlarmOut:
    """How much of what is in scope needs somebody now; nothing is 0 everywhere."""
    resting = {each.camera_id for each in Desired.load(settings.state_dir).streams if each.rest == "storage_full"}
    away = unmounted.load(settings.state_dir)
    in_scope = set(db.scalars(visible(viewer, CameraRow).with_only_columns(CameraRow.id))) if resting or away else set()
    waiting = visible(viewer, BrakeRow).where(BrakeRow.state == "waiting").subquery()
    return RetentionAlarmOut(
        resting=len(resting & in_scope),
        waiting=db.scalar(select(func.count()).select_from(waiting)) or 0,
        unmounted=len(away & in_scope),
    )
