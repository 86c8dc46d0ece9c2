"""The values and limits of a flag, one frozen type per code, and the JSON in which they are stored.

Here: what each field means, and in which unit. Not here: how it is computed (flags.py), how the browser words it
(web/src/flags/flagWords.ts). The API serves these types. Stored rows are read with the types below: a field that is
added later needs a default, because rows of older rules lack it. Formulas: docs/design/judgement.md.

Everywhere: times are RFC 3339 text in UTC; shares are in 0..1; people are whole numbers; P is the number of people who
are signed in and not signed out.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

FlagCode = Literal[
    "EMPTY_ROOM",
    "LATE_START",
    "EARLY_END",
    "LOW_TURNOUT",
    "SIGNIN_GT_COUNT",
    "CAMERA_DOWN",
    "VIDEO_GAP",
    "LOW_CONFIDENCE",
]


@dataclass(frozen=True, slots=True)
class EmptyRoomValues:
    """`empty_samples` of `samples` valid samples show an empty room: `share` of them, rounded to 4 digits.

    `most_seen`: the largest upper end of a count; `signed_in`: the largest P in the window.
    """

    empty_samples: int
    samples: int
    share: float
    most_seen: int
    signed_in: int


@dataclass(frozen=True, slots=True)
class EmptyRoomLimits:
    """A room is empty up to `most_people`, in at least `share` of the samples.

    `margin_min`: minutes at the start and at the end that are not judged.
    """

    most_people: int
    share: float
    margin_min: int


@dataclass(frozen=True, slots=True)
class EmptyRoomFacts:
    """An empty room where a class was planned."""

    code: Literal["EMPTY_ROOM"]
    values: EmptyRoomValues
    limits: EmptyRoomLimits


@dataclass(frozen=True, slots=True)
class BeginLimits:
    """A class is going on if at least `share` of P is seen, for `stretch_min` minutes.

    `margin_min`: minutes later (earlier) than planned that are accepted.
    """

    share: float
    stretch_min: int
    margin_min: int


@dataclass(frozen=True, slots=True)
class LateStartValues:
    """`begun_at`: the first sample of a class that is going on, None if the class never began.

    `late_min`: minutes from `planned_at` to the beginning, or to the planned end. `count` and `signed_in`: head count
    and P at `begun_at`.
    """

    planned_at: str
    begun_at: str | None
    late_min: int
    count: int | None
    signed_in: int | None


@dataclass(frozen=True, slots=True)
class LateStartFacts:
    """A class that began later than planned, or never."""

    code: Literal["LATE_START"]
    values: LateStartValues
    limits: BeginLimits


@dataclass(frozen=True, slots=True)
class EarlyEndValues:
    """`ended_at`: the last sample of a class that is going on, None if there is none.

    `early_min`: minutes from the end to `planned_at`, or the whole plan. `count` and `signed_in`: head count and P at
    `ended_at`.
    """

    planned_at: str
    ended_at: str | None
    early_min: int
    count: int | None
    signed_in: int | None


@dataclass(frozen=True, slots=True)
class EarlyEndFacts:
    """A class that ended earlier than planned."""

    code: Literal["EARLY_END"]
    values: EarlyEndValues
    limits: BeginLimits


@dataclass(frozen=True, slots=True)
class LowTurnoutValues:
    """Medians of the head count and of both ends of its interval, in people (halves are possible).

    `expected`: people enrolled and not on leave; `share`: `median` over `expected`, rounded to 4 digits.
    """

    median: int | float | None
    median_low: int | float | None
    median_high: int | float | None
    expected: int
    share: float


@dataclass(frozen=True, slots=True)
class LowTurnoutLimits:
    """Shares of `expected`: the flag is raised below `yellow`, and is red below `red`."""

    yellow: float
    red: float


@dataclass(frozen=True, slots=True)
class LowTurnoutFacts:
    """Fewer people in the room than expected."""

    code: Literal["LOW_TURNOUT"]
    values: LowTurnoutValues
    limits: LowTurnoutLimits


@dataclass(frozen=True, slots=True)
class UnseenValues:
    """`minutes`: those in which too few people were seen. The others are of the sample in which most were lacking.

    `at`: its time; `signed_in`: P; `count`: the head count; `high`: upper end of its interval; `unseen`: P − `high`.
    """

    minutes: int
    at: str
    signed_in: int
    count: int
    high: int
    unseen: int


@dataclass(frozen=True, slots=True)
class UnseenLimits:
    """At least `people` and `share` of P are not seen, for `minutes` minutes."""

    people: int
    share: float
    minutes: int


@dataclass(frozen=True, slots=True)
class UnseenFacts:
    """More people signed in than in the room."""

    code: Literal["SIGNIN_GT_COUNT"]
    values: UnseenValues
    limits: UnseenLimits


@dataclass(frozen=True, slots=True)
class DownCamera:
    """One camera without footage: for how many whole seconds, and the code of the reason."""

    camera_id: str
    seconds: int
    reason: str


@dataclass(frozen=True, slots=True)
class CameraDownValues:
    """`cameras` that went down at the same time. `seconds`: the longest of them; `reason`: that of the first camera."""

    seconds: int
    reason: str
    cameras: tuple[DownCamera, ...]


@dataclass(frozen=True, slots=True)
class CameraDownLimits:
    """A camera is down after `seconds` without footage."""

    seconds: int


@dataclass(frozen=True, slots=True)
class CameraDownFacts:
    """Cameras of the room have no footage, though they were to record."""

    code: Literal["CAMERA_DOWN"]
    values: CameraDownValues
    limits: CameraDownLimits


@dataclass(frozen=True, slots=True)
class VideoGapValues:
    """`seconds`: length of the gap, or of the longest of several short ones, in whole seconds.

    `coverage`: share of the session of which the room has footage, rounded to 4 digits; None if it is unknown.
    """

    seconds: int
    coverage: float | None


@dataclass(frozen=True, slots=True)
class VideoGapLimits:
    """A gap is longer than `seconds`, or the share that was recorded is less than `coverage`."""

    seconds: int
    coverage: float


@dataclass(frozen=True, slots=True)
class VideoGapFacts:
    """No camera of the room has footage."""

    code: Literal["VIDEO_GAP"]
    values: VideoGapValues
    limits: VideoGapLimits


@dataclass(frozen=True, slots=True)
class LowConfidenceValues:
    """`valid_minutes` of `minutes` hold a valid sample: `share` of them, rounded to 4 digits."""

    valid_minutes: int
    minutes: int
    share: float


@dataclass(frozen=True, slots=True)
class LowConfidenceLimits:
    """At least this share of the minutes must hold a valid sample."""

    share: float


@dataclass(frozen=True, slots=True)
class LowConfidenceFacts:
    """Too few minutes could be counted to judge the session by its head counts."""

    code: Literal["LOW_CONFIDENCE"]
    values: LowConfidenceValues
    limits: LowConfidenceLimits


FlagFacts = (
    EmptyRoomFacts
    | LateStartFacts
    | EarlyEndFacts
    | LowTurnoutFacts
    | UnseenFacts
    | CameraDownFacts
    | VideoGapFacts
    | LowConfidenceFacts
)


def stored_facts(facts: FlagFacts) -> dict[str, Any]:
    """The JSON of `flag.values` in the database: the values by name, and the limits under "limits"."""
    return {**asdict(facts.values), "limits": asdict(facts.limits)}
