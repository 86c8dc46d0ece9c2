"""Every message that the two WebSockets send as text: one model per `type`, and one union per socket.

Here: shapes and how they become JSON. Not here: when a message is sent (events, live) and binary footage (feeds).
Both unions are in the OpenAPI document, and the browser takes its types from there.
Reference for clients: docs/reference/websocket.md.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from shike.api.live.wall import LatestCount, StreamState, latest_count, stream_state
from shike.api.moment import Moment
from shike.attendance.tables.counting import SampleRow
from shike.capture.archive.segment import Origin, StreamName
from shike.capture.archive.tail import RunBegan
from shike.capture.moment import from_us
from shike.capture.recorder.health import StreamHealth


class TimeMessage(BaseModel):
    """The server's clock, so that a browser whose clock is wrong still shows true ages. Both sockets send it."""

    type: Literal["time"] = "time"
    now: Moment


class _CameraMessage(BaseModel):
    """A message about one camera. Declared first, so that `type` and `camera_id` lead the JSON object."""

    type: str
    camera_id: str


class CountMessage(LatestCount, _CameraMessage):
    """A new count of a camera."""

    type: Literal["count"] = "count"


class CameraStateMessage(StreamState, _CameraMessage):
    """The state of one of a camera's streams: sent for each stream at the start, then whenever the state changes."""

    type: Literal["camera_state"] = "camera_state"


class InitMessage(BaseModel):
    """A run begins. The next binary message is its init section (ftyp + moov)."""

    type: Literal["init"] = "init"
    codec: str
    width: int
    height: int
    run_id: str
    stream: StreamName
    simulated: bool
    origin: Origin


class StateMessage(BaseModel):
    """The state of the stream that the viewer watches. `state`, `cause` and `since` mean what they mean in StreamState.

    Where the recorder has said nothing about the stream yet, `state` is "waiting" and `since` is null.
    """

    type: Literal["state"] = "state"
    state: str
    cause: str | None
    since: Moment | None
    next_try_at: Moment | None
    attempt: int
    last_packet_at: Moment | None


class SkippedMessage(BaseModel):
    """The viewer read too slowly and was moved to a newer keyframe: so many seconds of footage were left out."""

    type: Literal["skipped"] = "skipped"
    seconds: float


NewsMessage = CountMessage | CameraStateMessage
"""What a listener of /api/events may or may not hear, by camera."""
EventMessage = Annotated[CountMessage | CameraStateMessage | TimeMessage, Field(discriminator="type")]
"""Every text message of /api/events."""
LiveMessage = Annotated[
    InitMessage | StateMessage | SkippedMessage | TimeMessage,
    Field(discriminator="type"),
]
"""Every text message of /api/cameras/{camera_id}/live."""


def wire(message: BaseModel) -> dict[str, Any]:
    """The JSON object of a message: moments as RFC 3339 text."""
    fields: dict[str, Any] = message.model_dump(mode="json")
    return fields


def count_message(sample: SampleRow) -> CountMessage:
    """A sample as news for those who watch the wall."""
    return CountMessage(camera_id=sample.camera_id, **latest_count(sample).model_dump())


def camera_state_message(health: StreamHealth) -> CameraStateMessage:
    """A stream's health as news for those who watch the wall."""
    return CameraStateMessage(camera_id=health.camera_id, **stream_state(health).model_dump())


def init_message(run: RunBegan) -> InitMessage:
    """A run that has begun, as one viewer hears of it."""
    identity = run.identity
    return InitMessage(
        codec=run.codec,
        width=run.width,
        height=run.height,
        run_id=identity.run_id,
        stream=identity.stream,
        simulated=identity.simulated,
        origin=identity.origin,
    )


def state_message(health: StreamHealth | None) -> StateMessage:
    """A stream's health as its viewer hears of it; None where the recorder has said nothing about the stream."""
    if health is None:
        return StateMessage(state="waiting", cause=None, since=None, next_try_at=None, attempt=0, last_packet_at=None)
    return StateMessage(
        state=health.state,
        cause=health.cause,
        since=from_us(health.since_us),
        next_try_at=None if health.next_try_us is None else from_us(health.next_try_us),
        attempt=health.attempt,
        last_packet_at=None if health.last_packet_us is None else from_us(health.last_packet_us),
    )


def component_schemas(ref_template: str) -> dict[str, Any]:
    """JSON Schemas of both unions and of their messages, by name, for the components of the OpenAPI document."""
    mode: JsonSchemaMode = "serialization"
    unions: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        ("EventMessage", mode, TypeAdapter(EventMessage)),
        ("LiveMessage", mode, TypeAdapter(LiveMessage)),
    ]
    schemas, definitions = TypeAdapter.json_schemas(unions, ref_template=ref_template)
    named = {name: schemas[name, mode] for name, mode, _adapter in unions}
    messages: dict[str, Any] = definitions["$defs"]
    return messages | named
