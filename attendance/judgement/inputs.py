"""What a class session is judged from: frozen values, gathered by evaluation.py, read by records.py and flags.py.

Times are µs UTC. Not here: where the values come from, and what follows from them.
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
    """Somebody on the roster of the class on the day of the session."""

    trainee_id: str
    on_leave: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Sign:
    """A sign-in or sign-out that stands: one that was corrected later is left out."""

    at_us: int
    trainee_id: str
    kind: Literal["in", "out"]


@dataclass(frozen=True, slots=True, order=True)
class FootageSpan:
    """[start, end) of recorded footage, or of none, and then the code of the reason."""

    start_us: int
    end_us: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CameraCoverage:
    """What one camera of the room recorded of the session, up to now.

    `since_us`: when the camera was put in, if that was later than the planned start. No camera before is no gap.
    """

    camera_id: str
    spans: tuple[FootageSpan, ...]
    gaps: tuple[FootageSpan, ...]
    since_us: int = 0


GROWTH_US = 15 * MINUTE_US
"""A verdict goes for a window and what it grows by up to here; beyond that it is a new case."""


@dataclass(frozen=True, slots=True, order=True)
class Rejected:
    """A window of a flag that a person has looked at and rejected: it puts nobody under review."""

    code: str
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class SessionInputs:
    """Everything about one class session. `now_us`: how far it has come; None once nothing more is awaited.

    `coverage` is empty for a room without cameras (or no room), which is a legal state. `accepted`: whether the
    room's counts may speak against anybody; `counts` then carry the measured interval.
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
        """Since when the room has had a camera, at the earliest the planned start."""
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
        """Up to how many people this room counts as empty: a class of one that is there is not an empty room."""
        most = thresholds.empty_most_people
        return min(most, self.present_expected - 1) if self.present_expected else most


def digest(inputs: SessionInputs, thresholds: Thresholds) -> str:
    """SHA-256 (hex) of all that a judgement depends on, whatever order rows came in."""
    document = asdict(inputs)
    for name in ("breaks", "expected", "signs", "rejected"):
        document[name] = sorted(document[name], key=lambda row: json.dumps(row, sort_keys=True))
    document["counts"] = sorted(document["counts"], key=lambda row: row["at_us"])
    document["coverage"] = sorted(document["coverage"], key=lambda row: row["camera_id"])
    text = json.dumps([document, asdict(thresholds)], sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
