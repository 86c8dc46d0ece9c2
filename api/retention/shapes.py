"""Shapes of requests and responses about retention rules. Not here: routes (rules.py)."""

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
    """A rule for one stream of a camera; without a camera, the default of all that have no rule. Null: no limit.

    `follows_default`: the camera's own rule ends, and the default applies again.
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
    """A rule. Without a stored rule it is that of the settings: id, valid_from and set_by_name are null."""

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
    """An amount of footage, with the time of its first and last segment."""

    segments: int
    bytes: int
    start: Moment | None = Field(serialization_alias="from")
    end: Moment | None = Field(serialization_alias="to")


class StreamKeepingOut(BaseModel):
    """One stream: the rule in force, stored footage, what is due for deletion by age and by bytes, what is held."""

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
    """The footage volume in bytes. `low`: less than `floor` is free."""

    total: int
    free: int
    floor: int
    low: bool


class BrakeOut(BaseModel):
    """A clean-up that would delete more than half. It waits for confirmation, or has been confirmed."""

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
    """`flagged_sessions`: how many class sessions in scope a flag holds. `every_s`: seconds between two clean-ups."""

    space: SpaceOut | None
    every_s: int
    hold_flagged: FlagHolds
    flagged_sessions: int
    defaults: list[RuleOut]
    cameras: list[CameraKeepingOut]
    brakes: list[BrakeOut]


class ImportanceIn(Body):
    """1 to 3. Where space is short, the least important cameras (1) stop recording first."""

    importance: int = Field(ge=IMPORTANCES[0], le=IMPORTANCES[-1])


class ConfirmIn(Body):
    """A confirmation. `until`: as the clean-up showed it; footage that ended later is not confirmed."""

    until: Moment
    reason: ReasonText


def rule_out(row: RetentionRuleRow | None, stream: StreamName, defaults: Defaults) -> RuleOut:
    """The rule of a stream as responses show it; without a row, that of the settings."""
    if row is not None:
        return RuleOut.model_validate(row, from_attributes=True)
    empty: dict[str, None] = dict.fromkeys(("id", "camera_id", "max_bytes", "valid_from", "set_by_name"))
    return RuleOut(**empty, stream=stream, days=defaults.days[stream], follows_default=False, reason="")


def stock_out(stock: Stock) -> StockOut:
    """A stock as responses show it; an empty one has no times."""

    def moment(at_us: int) -> datetime | None:
        return from_us(at_us) if stock.amount.segments else None

    amount = stock.amount
    return StockOut(
        segments=amount.segments, bytes=amount.bytes, start=moment(stock.first_us), end=moment(stock.last_us)
    )
