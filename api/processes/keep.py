"""The work of `shike keep`: indexes the spool, publishes the desired state, judges class sessions, runs clean-ups.

All of it may happen twice or late: recording does not wait for it. Not here: what each step does (intake.py,
attendance/judgement, attendance/retention), the command (commands/processes.py). Design: docs/design/keep.md.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session as DbSession

from shike.api.database import Database
from shike.api.processes import unmounted
from shike.api.processes.intake import Intake
from shike.api.processes.space import space_of
from shike.api.settings import Settings
from shike.attendance.footage.index import Footage
from shike.attendance.judgement.evaluation import Evaluator
from shike.attendance.recording.plan import policies_of, windows_of
from shike.attendance.recording.policy import Policy, policy_in_force
from shike.attendance.retention.cleaning import Cleaner
from shike.attendance.retention.rules import Space
from shike.attendance.tables.registry import CameraRow, LeaseRow
from shike.capture.archive.files import Archive
from shike.capture.archive.segment import EndReason, StreamName
from shike.capture.archive.spool import Spool
from shike.capture.clock import Clock
from shike.capture.errors import CaptureError
from shike.capture.moment import from_us, to_us
from shike.capture.recorder import health
from shike.capture.recorder.desired import Desired, Wanted
from shike.capture.schedule import Window

log = logging.getLogger(__name__)

Plans = dict[str, tuple[Policy, tuple[Window, ...] | None]]

_BEAT_S = 0.5
_PAUSE_AFTER_FAILURE_S = 2.0
_LEASE = timedelta(minutes=10)
_RENEW_BEFORE = timedelta(minutes=5)
_PLAN_EVERY_S = 2.0
_HOUR_US = 3_600_000_000
_AHEAD_US = 7 * 24 * _HOUR_US
"""How far ahead windows are published: for so long classes are recorded even without the database."""


class Housekeeper:
    """Runs housekeeping in beats, twice a second. Owner of the published desired state."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        space: Callable[[], Space] | None = None,
    ) -> None:
        """`space`: reads the space of the footage volume; None: of the volume itself."""
        self._settings, self._database, self._clock = settings, database, clock
        self._archive, spool = Archive(settings.footage_dir), Spool(settings.spool_dir)
        self._intake = Intake(database, self._archive, spool, clock)
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        self._published = _published(settings.state_dir)
        self._plan: Plans = {}
        self._plan_next_s = float("-inf")
        footage = Footage(self._archive, spool, database.reading)
        every_us = round(settings.sample_interval_s * 1_000_000)
        self._cleaner = Cleaner(
            database, self._archive, clock, settings.retention, space or self._space, self._rested(), settings.node
        )
        self._unmounted: frozenset[str] | None = None
        self._evaluator = Evaluator(database, footage, clock, every_us, self._cause, settings.recording_policy)

    def run(self, halt: Event) -> None:
        """Runs until `halt`. Without the database housekeeping is delayed; the spool keeps the records meanwhile."""
        while not halt.is_set():
            try:
                self.beat()
                halt.wait(_BEAT_S)
            except (SQLAlchemyError, CaptureError, OSError):
                log.exception("housekeeping failed; it is tried again")
                halt.wait(_PAUSE_AFTER_FAILURE_S)

    def beat(self) -> None:
        """Publishes, indexes, judges for a bounded time and deletes for a bounded time, in this order.

        The order keeps a failing step from stopping the more important steps before it.
        """
        self.publish()
        self.index_spool()
        self._evaluator.step()
        self._cleaner.step()
        self._store_unmounted()

    def _store_unmounted(self) -> None:
        camera_ids = self._cleaner.unmounted
        if camera_ids is not None and camera_ids != self._unmounted:
            unmounted.store(self._settings.state_dir, camera_ids)
            self._unmounted = camera_ids

    def _rested(self) -> frozenset[str]:
        """The cameras that rested for want of space when the previous process ended."""
        return frozenset(wanted.camera_id for wanted in self._published.streams if wanted.rest == "storage_full")

    def _space(self) -> Space:
        return space_of(self._settings)

    def _cause(self, camera_id: str) -> str | None:
        """The recorder's cause code for a camera that is not being recorded now."""
        stream = health.read(self._settings.state_dir).get((camera_id, "main"))
        return stream.cause if stream else None

    def index_spool(self) -> int:
        """Indexes closed segments; returns how many."""
        return self._intake.step()

    def publish(self) -> None:
        """Publishes which streams the recorder should record, if that changed; renews leases that run out."""
        with self._database.reading() as db:
            cameras = list(db.scalars(select(CameraRow).where(CameraRow.enabled).order_by(CameraRow.id)))
            leases = {lease.camera_id: lease for lease in db.scalars(select(LeaseRow))}
            plans = self._plans(db, {camera.room_id for camera in cameras})
        if self._must_write(cameras, leases, from_us(self._clock.now())):
            with self._database.writing() as db:
                leases = {camera.id: self._lease(db, camera) for camera in cameras}
                self._mark_simulated(db)
        wanted = tuple(
            _wanted(camera, stream, path, leases[camera.id], *plans[camera.room_id], self._rest_of(camera))
            for camera in cameras
            for stream, path in _streams(camera)
            if leases[camera.id].node == self._settings.node
        )
        if wanted != self._published.streams:
            desired = Desired(self._published.version + 1, wanted)
            desired.store(self._settings.state_dir)
            self._published = desired

    def _rest_of(self, camera: CameraRow) -> EndReason | None:
        return "storage_full" if camera.id in self._cleaner.resting else None

    def _plans(self, db: DbSession, room_ids: set[str]) -> Plans:
        """The policy of each room, and its windows of the next seven days; up to two seconds old."""
        if room_ids == self._plan.keys() and self._clock.monotonic() < self._plan_next_s:
            return self._plan
        self._plan_next_s = self._clock.monotonic() + _PLAN_EVERY_S
        now_us = self._clock.now()
        # Whole hours: an end that moves with the clock would change the desired state at every beat.
        begin_us = now_us // _HOUR_US * _HOUR_US
        policies = policies_of(db, room_ids, self._settings.recording_policy)
        due = windows_of(db, policies, begin_us, begin_us + _AHEAD_US)
        self._plan = {
            room_id: (policy_in_force(of_room, now_us), due[room_id]) for room_id, of_room in policies.items()
        }
        return self._plan

    def _must_write(self, cameras: list[CameraRow], leases: dict[str, LeaseRow], moment: datetime) -> bool:
        return any(self._is_due(leases.get(camera.id), moment) for camera in cameras) or bool(self._unmarked(cameras))

    def _is_due(self, lease: LeaseRow | None, moment: datetime) -> bool:
        if lease is None:
            return True
        return lease.until < (moment + _RENEW_BEFORE if lease.node == self._settings.node else moment)

    def _unmarked(self, cameras: list[CameraRow]) -> set[str]:
        simulated = {each.camera_id for each in health.read(self._settings.state_dir).values() if each.simulated}
        return {camera.id for camera in cameras if not camera.simulated} & simulated

    def _mark_simulated(self, db: DbSession) -> None:
        """Marks a camera as simulated if its stream says so."""
        cameras = list(db.scalars(select(CameraRow).where(CameraRow.enabled)))
        marked = self._unmarked(cameras)
        for camera in cameras:
            camera.simulated = camera.simulated or camera.id in marked

    def _lease(self, db: DbSession, camera: CameraRow) -> LeaseRow:
        """The lease on a camera: renewed or taken over for this node, or that of another node while it is valid."""
        moment = from_us(self._clock.now())
        lease = db.get(LeaseRow, camera.id)
        if lease is None:
            lease = LeaseRow(camera_id=camera.id, node=self._settings.node, epoch=1, until=moment + _LEASE)
            db.add(lease)
        elif lease.node == self._settings.node:
            lease.until = moment + _LEASE
        elif lease.until < moment:
            lease.node, lease.epoch, lease.until = self._settings.node, lease.epoch + 1, moment + _LEASE
        return lease


def _published(state: Path) -> Desired:
    """The desired state that was published last. A file that cannot be read counts as empty and is replaced."""
    try:
        return Desired.load(state)
    except (ValueError, TypeError, LookupError) as error:
        log.error("the desired state cannot be read and is written again: %s", error)
        return Desired(0, ())


def _streams(camera: CameraRow) -> list[tuple[StreamName, str]]:
    streams: list[tuple[StreamName, str]] = [("main", camera.main_path)]
    if camera.sub_path:
        streams.append(("sub", camera.sub_path))
    return streams


def _wanted(
    camera: CameraRow,
    stream: StreamName,
    path: str,
    lease: LeaseRow,
    policy: Policy,
    windows: tuple[Window, ...] | None,
    rest: EndReason | None,
) -> Wanted:
    return Wanted(
        camera_id=camera.id,
        stream=stream,
        host=camera.host,
        port=camera.port,
        path=path,
        username=camera.username,
        sealed_password=(camera.password_encrypted or b"").decode(),
        epoch=lease.epoch,
        lease_until_us=to_us(lease.until),
        windows=windows,
        audio=policy.audio,
        g711=policy.g711,
        rest=rest,
    )
