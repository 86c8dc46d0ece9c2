"""How rules about keeping, and what follows from them, look on the wire."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from shike.api.moment import Moment
from shike.api.wire import Body, Id, ReasonText
from shike.attendance.retention.keeping import Stock
from shike.attendance.retention.rules import IMPORTANCES, Defaults, FlagHolds
from shike.attendance.tables.retention import RetentionRuleRow
from shike.capture.archive.segment import StreamName
from shike.capture.moment import from_us

MOST_DAYS = 36_500
MOST_BYTES = 10**17


class RuleIn(Body):
    """A rule for one stream of a camera, or without a camera of all that have none. Null is no limit.

    `follows_default`: the camera's own rule ends.
    """

    camera_id: Id | None = None
    stream: StreamName
    days: int | None = Field(default=None, ge=1, le=MOST_DAYS)
    max_bytes: int | None = Field(default=None, ge=1_000_000, le=MOST_BYTES)
    follows_default: bool = False
    reason: ReasonText

    @model_validator(mode="after")
    def fits(self) -> "RuleIn":
        if self.follows_default and self.camera_id is None:
            raise ValueError("the default follows nothing")
        return self


class RuleOut(BaseModel):
    """A rule. What the settings say, about which nobody decided, has neither id nor time nor name."""

    id: str | None
    camera_id: str | None
    stream: StreamName
    days: int | None
    max_bytes: int | None
    follows_default: bool
    reason: str
    valid_from: Moment | None
    set_by_name: str | None


class StockOut(BaseModel):
    """How much footage, and from when to when."""

    segments: int
    bytes: int
    start: Moment | None = Field(serialization_alias="from")
    end: Moment | None = Field(serialization_alias="to")


class StreamKeepingOut(BaseModel):
    """One stream of a camera: the rule in force, what there is, what is due by age and by bytes, what is held."""

    rule: RuleOut
    own: bool
    stock: StockOut
    due_age: StockOut
    due_bytes: StockOut
    held_segments: int
    held_bytes: int


class CameraKeepingOut(BaseModel):
    camera_id: str
    camera_name: str
    room_id: str
    room_name: str
    institution_name: str
    enabled: bool
    importance: int
    resting: bool
    main: StreamKeepingOut
    sub: StreamKeepingOut


class SpaceOut(BaseModel):
    """The footage volume in bytes; `low`: less is free than should be."""

    total: int
    free: int
    floor: int
    low: bool


class BrakeOut(BaseModel):
    """A clean-up that would have deleted more than half and waits, or goes on because somebody said so."""

    id: str
    camera_id: str | None
    camera_name: str | None
    room_name: str | None
    stream: StreamName | None
    rule: Literal["rules", "floor"]
    due_segments: int
    due_bytes: int
    indexed_segments: int
    indexed_bytes: int
    until: Moment
    raised_at: Moment
    state: Literal["waiting", "confirmed"]
    confirmed_by_name: str | None
    confirmed_at: Moment | None
    reason: str | None


class RetentionOut(BaseModel):
    """All of it. `flagged_sessions`: how many in scope a flag holds. `every_s`: seconds between two clean-ups."""

    space: SpaceOut | None
    every_s: int
    hold_flagged: FlagHolds
    flagged_sessions: int
    defaults: list[RuleOut]
    cameras: list[CameraKeepingOut]
    brakes: list[BrakeOut]


class ImportanceIn(Body):
    """1 to 3: where space is short, the least important cameras (1) stop first."""

    importance: int = Field(ge=IMPORTANCES[0], le=IMPORTANCES[-1])


class ConfirmIn(Body):
    """A word for a clean-up that waits. `until`: as it was shown; footage that ended later is not meant."""

    until: Moment
    reason: ReasonText


def rule_out(row: RetentionRuleRow | None, stream: StreamName, defaults: Defaults) -> RuleOut:
    """The rule of a stream on the wire; without a row, what the settings say."""
    if row is not None:
        return RuleOut.model_validate(row, from_attributes=True)
    said: dict[str, None] = dict.fromkeys(("id", "camera_id", "max_bytes", "valid_from", "set_by_name"))
    return RuleOut(**said, stream=stream, days=defaults.days[stream], follows_default=False, reason="")


def stock_out(stock: Stock) -> StockOut:
    """A stock on the wire; an empty one has no times."""

    def moment(at_us: int) -> datetime | None:
        return from_us(at_us) if stock.amount.segments else None

    amount = stock.amount
    return StockOut(
        segments=amount.segments, bytes=amount.bytes, start=moment(stock.first_us), end=moment(stock.last_us)
    )
