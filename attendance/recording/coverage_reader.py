"""Coverage of cameras over a range: reads the facts and computes coverage, for all parts that show or judge a gap.

Playback, the page of a class session, the recording report, the metrics, evidence packs and the judgement ask
`CoverageReader`, so all of them give the same gaps and reasons. Not here: computing coverage from the facts
(footage/coverage.py), the reason of a gap (footage/gap_reason.py). Design: docs/design/footage.md, "Coverage".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session as DbSession

from shike.attendance.footage.coverage import Coverage, coverage
from shike.attendance.footage.stream_facts import Recorded, StreamFacts
from shike.attendance.recording.plan import PlannedWindows, planned_windows
from shike.attendance.recording.policy import Policy
from shike.attendance.tables.footage import RunRow
from shike.attendance.tables.registry import CameraRow
from shike.capture.archive.segment import StreamKey, StreamName
from shike.capture.moment import from_us, to_us
from shike.capture.recorder.health import Healths

RecordedT = TypeVar("RecordedT", bound=Recorded)
RecordedT_co = TypeVar("RecordedT_co", bound=Recorded, covariant=True)

CauseOfStream = Callable[[StreamKey], str | None]
"""Returns why a stream is not recorded now, by the recorder; None if the recorder gives no reason."""
RecordedAgain = Callable[[Iterable[str], int], frozenset[StreamKey]]
"""Returns the streams of these cameras (ids) for which a live run began at or after a moment (µs UTC)."""


class RecordedSource(Protocol[RecordedT_co]):
    """Reads what was recorded: `Footage` as pieces, `Stretches` as stretches. What a rule has deleted is marked."""

    def of_range(
        self, camera_ids: Iterable[str], start_us: int, end_us: int, streams: Sequence[StreamName]
    ) -> Mapping[StreamKey, Sequence[RecordedT_co]]: ...

    def reasons_before(self, keys: Iterable[StreamKey], before_us: int) -> Mapping[StreamKey, str | None]: ...


@dataclass(frozen=True, slots=True)
class CoverageRequest:
    """The coverage of cameras over [start, end), as it is known at `now_us`. Times in µs UTC.

    `stream`: the stream that is asked about; None for all streams of each camera that are to be recorded.
    `deleted_as_recorded`: as in StreamFacts, for judgements.
    """

    cameras: Sequence[CameraRow]
    start_us: int
    end_us: int
    now_us: int
    stream: StreamName | None = None
    deleted_as_recorded: bool = False

    def streams_of(self, camera: CameraRow) -> tuple[StreamName, ...]:
        """The streams of a camera that are asked about."""
        return recorded_streams_of(camera) if self.stream is None else (self.stream,)


@dataclass(frozen=True, slots=True)
class StreamCoverage(Generic[RecordedT]):
    """The coverage of one stream, and the pieces or stretches that it was made from."""

    camera: CameraRow
    stream: StreamName
    recorded: Sequence[RecordedT]
    coverage: Coverage


class CoverageReader(Generic[RecordedT]):
    """Answers requests from one source of footage."""

    def __init__(
        self, source: RecordedSource[RecordedT], plan: PlannedWindows, cause: CauseOfStream, again: RecordedAgain
    ) -> None:
        self._source, self._plan, self._cause, self._again = source, plan, cause, again

    def read(self, request: CoverageRequest) -> list[StreamCoverage[RecordedT]]:
        """The coverage of each stream, in the order of the cameras."""
        streams = list(dict.fromkeys(name for camera in request.cameras for name in request.streams_of(camera)))
        ids = [camera.id for camera in request.cameras]
        return self.of_recorded(request, self._source.of_range(ids, request.start_us, request.end_us, streams))

    def of_recorded(
        self, request: CoverageRequest, recorded: Mapping[StreamKey, Sequence[RecordedT]]
    ) -> list[StreamCoverage[RecordedT]]:
        """Like `read`, but with footage that the caller has already read."""
        keys = [(camera, stream) for camera in request.cameras for stream in request.streams_of(camera)]
        before = self._source.reasons_before(((camera.id, stream) for camera, stream in keys), request.start_us)
        due = self._plan({camera.room_id for camera in request.cameras}, request.start_us, request.end_us)
        disabled = [camera.id for camera in request.cameras if not camera.enabled]
        again = self._again(disabled, request.end_us) if disabled else frozenset()
        answers = []
        for camera, stream in keys:
            own = recorded.get((camera.id, stream), ())
            facts = StreamFacts(
                start_us=request.start_us,
                end_us=request.end_us,
                now_us=request.now_us,
                recorded=own,
                ended_before=before[camera.id, stream],
                cause_now=self._cause((camera.id, stream)),
                registered_us=to_us(camera.created_at),
                # If it was recorded after this range, it was switched off only after that.
                enabled=camera.enabled or (camera.id, stream) in again,
                due=due[camera.room_id],
                deleted_as_recorded=request.deleted_as_recorded,
            )
            answers.append(StreamCoverage(camera, stream, own, coverage(facts)))
        return answers


def coverage_reader(
    source: RecordedSource[RecordedT], db: DbSession, default: Policy, healths: Healths
) -> CoverageReader[RecordedT]:
    """A reader with the timetable from the database and the present state of the recorder.

    `default`: the policy of rooms that have none.
    """

    def cause(key: StreamKey) -> str | None:
        health = healths.get(key)
        return health.cause if health else None

    return CoverageReader(source, planned_windows(db, default), cause, recorded_again(db))


def recorded_again(db: DbSession) -> RecordedAgain:
    """Reads from the index which streams were recorded again."""

    def again(camera_ids: Iterable[str], since_us: int) -> frozenset[StreamKey]:
        live = select(RunRow.camera_id, RunRow.stream).where(RunRow.origin == "live").distinct()
        rows = db.execute(live.where(RunRow.camera_id.in_(camera_ids), RunRow.started_at >= from_us(since_us)))
        return frozenset((camera_id, "sub" if stream == "sub" else "main") for camera_id, stream in rows)

    return again


def recorded_streams_of(camera: CameraRow) -> tuple[StreamName, ...]:
    """The streams of a camera that are to be recorded."""
    return ("main", "sub") if camera.sub_path else ("main",)
