"""The inputs of a judgement of one class session, as frozen values. Times in µs UTC.

Not here: reading them from the database (gathering.py), what is computed from them (findings.py).
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Literal

from shike.attendance.judgement.room_counts import RoomCount
from shike.attendance.judgement.thresholds import Thresholds

MINUTE_US = 60_000_000
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Person:
    """A trainee on the roster of the class on the day of the session."""

    trainee_id: str
    on_leave: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Sign:
    """A sign-in or sign-out in force. Events that were corrected later are not inputs."""

    at_us: int
    trainee_id: str
    kind: Literal["in", "out"]


@dataclass(frozen=True, slots=True, order=True)
class FootageSpan:
    """[start, end) with recorded footage; or a gap, with the code of its reason."""

    start_us: int
    end_us: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CameraCoverage:
    """What one camera of the room recorded of the session, up to now.

    `since_us`: when the camera was installed, if that was after the planned start. The time before is no gap.
    """

    camera_id: str
    spans: tuple[FootageSpan, ...]
    gaps: tuple[FootageSpan, ...]
    since_us: int = 0


GROWTH_US = 15 * MINUTE_US
"""A verdict still holds for a window that has grown by up to this much; a larger one is a new case."""


@dataclass(frozen=True, slots=True, order=True)
class Rejected:
    """The window of a flag that a supervisor has rejected: it puts nobody under review."""

    code: str
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class SessionInputs:
    """Everything that is known about one class session. `now_us`: the time of judging; None once it is settled.

    `coverage` is empty for a session without a room, or in a room without cameras; both are allowed. `accepted`: the
    room is accepted, and `counts` have the measured interval.
    """

    session_id: str
    start_us: int
    end_us: int
    breaks: tuple[tuple[int, int], ...] = ()
    expected: tuple[Person, ...] = ()
    signs: tuple[Sign, ...] = ()
    counts: tuple[RoomCount, ...] = ()
    coverage: tuple[CameraCoverage, ...] = ()
    accepted: bool = False
    rejected: tuple[Rejected, ...] = field(default=())
    now_us: int | None = None

    @property
    def until_us(self) -> int:
        """The end of what can be known: the planned end, or now if that is earlier."""
        return self.end_us if self.now_us is None else max(self.start_us, min(self.end_us, self.now_us))

    @property
    def watched_from_us(self) -> int:
        """When the room got its first camera, but not before the planned start."""
        since = min((each.since_us for each in self.coverage), default=0)
        return min(self.until_us, max(self.start_us, since))

    @property
    def ended(self) -> bool:
        return self.now_us is None or self.now_us >= self.end_us

    @property
    def present_expected(self) -> int:
        """E: those enrolled and not on leave."""
        return sum(not person.on_leave for person in self.expected)

    def empty_up_to(self, thresholds: Thresholds) -> int:
        """The largest head count of an empty room, less than E: a class of one that is present is no empty room."""
        most = thresholds.empty_most_people
        return min(most, self.present_expected - 1) if self.present_expected else most


def digest(inputs: SessionInputs, thresholds: Thresholds) -> str:
    """SHA-256 (hex) of all inputs and limits. The order of rows does not change it."""
    document = asdict(inputs)
    for name in ("breaks", "expected", "signs", "rejected"):
        document[name] = sorted(document[name], key=lambda row: json.dumps(row, sort_keys=True))
    document["counts"] = sorted(document["counts"], key=lambda row: row["at_us"])
    document["coverage"] = sorted(document["coverage"], key=lambda row: row["camera_id"])
    text = json.dumps([document, asdict(thresholds)], sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
