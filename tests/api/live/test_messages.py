"""The JSON of every WebSocket message, key by key, and its place in the OpenAPI document."""

import json
from typing import Any

from pydantic import BaseModel

from shike.api.commands.openapi import document
from shike.api.live.messages import (
    SkippedMessage,
    TimeMessage,
    camera_state_message,
    count_message,
    init_message,
    state_message,
    wire,
)
from shike.attendance.tables.counting import SampleRow
from shike.capture.archive.segment import Identity
from shike.capture.archive.tail import RunBegan
from shike.capture.moment import from_us
from shike.capture.recorder.health import StreamHealth

AT_US = 1_795_469_398_534_321
AT = "2026-11-23T21:29:58.534321Z"
HEALTH = StreamHealth("c", "main", "backing_off", AT_US, cause="no_data", last_packet_us=AT_US, attempt=2, fps=25.0)


def text(message: BaseModel) -> str:
    """The message as the socket sends it."""
    return json.dumps(wire(message), separators=(",", ":"), ensure_ascii=False)


def expected(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def test_a_count_is_named_with_its_camera_first() -> None:
    sample = SampleRow(
        camera_id="c", picture_at=from_us(AT_US), count=23, low=21, high=25, valid=True, invalid_reason=None
    )
    assert text(count_message(sample)) == expected(
        type="count", camera_id="c", at=AT, count=23, low=21, high=25, valid=True, invalid_reason=None
    )


def test_a_cameras_state_has_every_field_of_the_walls_state() -> None:
    assert text(camera_state_message(HEALTH)) == expected(
        type="camera_state",
        camera_id="c",
        stream="main",
        state="backing_off",
        cause="no_data",
        since=AT,
        last_packet_at=AT,
        next_try_at=None,
        attempt=2,
        bitrate_bps=None,
        fps=25.0,
        width=None,
        height=None,
        codec=None,
        dropped=0,
        clock_offset_ms=None,
        simulated=False,
        audio=None,
    )


def test_a_watched_streams_state_and_its_absence() -> None:
    assert text(state_message(HEALTH)) == expected(
        type="state", state="backing_off", cause="no_data", since=AT, next_try_at=None, attempt=2, last_packet_at=AT
    )
    assert text(state_message(None)) == expected(
        type="state", state="waiting", cause=None, since=None, next_try_at=None, attempt=0, last_packet_at=None
    )


def test_a_run_a_skip_and_the_time() -> None:
    identity = Identity("c", "sub", "r", AT_US, "s", 1, AT_US, "n", 1, "live", False)
    run = RunBegan(identity, b"init", "avc1.64001f", 640, 360)
    assert text(init_message(run)) == expected(
        type="init",
        codec="avc1.64001f",
        width=640,
        height=360,
        run_id="r",
        stream="sub",
        simulated=False,
        origin="live",
    )
    assert text(SkippedMessage(seconds=4.2)) == expected(type="skipped", seconds=4.2)
    assert text(TimeMessage(now=from_us(AT_US))) == expected(type="time", now=AT)


def test_the_openapi_document_has_both_unions_by_type() -> None:
    schemas = document()["components"]["schemas"]
    by_type = {name: set(schemas[name]["discriminator"]["mapping"]) for name in ("EventMessage", "LiveMessage")}
    assert by_type == {
        "EventMessage": {"count", "camera_state", "time"},
        "LiveMessage": {"init", "state", "skipped", "time"},
    }
    for name in by_type:
        for reference in schemas[name]["discriminator"]["mapping"].values():
            assert reference.removeprefix("#/components/schemas/") in schemas
