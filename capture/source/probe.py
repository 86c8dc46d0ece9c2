"""Testing a camera's address: what the camera sends, or why it cannot be read.

The test runs in a child process, because a misbehaving camera can block FFmpeg for ever.
"""

import json
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass

import av.logging
import cv2

from shike.capture.clock import SystemClock
from shike.capture.errors import SourceError
from shike.capture.mp4.coded_picture import as_packet
from shike.capture.source.address import Address
from shike.capture.source.open_stream import Source
from shike.capture.source.opening import open_camera

_WATCH_S = 4.5


@dataclass(frozen=True, slots=True)
class Probed:
    """The result of testing one address. `code`: the cause where `ok` is false. `picture`: a JPEG in base64."""

    ok: bool
    took_ms: int
    code: str | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    keyframe_interval_s: float | None = None
    bitrate_bps: int | None = None
    clock_offset_ms: int | None = None
    audio: bool | None = None
    simulated: bool = False
    picture: str | None = None


def probe(address: Address, timeout_s: float) -> Probed:
    """Connect, watch for a few seconds, and report what came. Never raises for what the camera does."""
    started = time.monotonic()
    request = json.dumps(asdict(address) | {"timeout_s": timeout_s})
    command = [sys.executable, "-P", "-m", "shike.capture.source.probe"]
    try:
        done = subprocess.run(
            # Twice the timeout: a camera that the plain reader declines is opened twice.
            command,
            input=request,
            capture_output=True,
            text=True,
            timeout=2 * timeout_s + _WATCH_S + 5,
            check=True,
        )
        return Probed(**json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        code = "timeout"
    except (subprocess.CalledProcessError, json.JSONDecodeError):
        code = "unreachable"
    return Probed(False, int((time.monotonic() - started) * 1000), code)


def probe_in_process(address: Address, timeout_s: float) -> Probed:
    """The test itself, in the calling process."""
    started = time.monotonic()

    def wait_for_keyframe() -> None:
        if time.monotonic() - started > timeout_s + _WATCH_S:
            raise SourceError("gop_too_long")

    try:
        with open_camera(address, SystemClock(), timeout_s, on_skipped=wait_for_keyframe) as source:
            took_ms = int(((source.connected_s or time.monotonic()) - started) * 1000)
            return _watch(source, took_ms, wait_for_keyframe)
    except SourceError as error:
        return Probed(False, int((time.monotonic() - started) * 1000), error.cause)


def _watch(source: Source, took_ms: int, wait_for_keyframe: Callable[[], None]) -> Probed:
    picture: str | None = None
    keyframes_us: list[int] = []
    sizes: list[int] = []
    first_us = last_us = 0
    offset_ms: int | None = None
    until = time.monotonic() + _WATCH_S
    for timed in source.packets(wait_for_keyframe):
        packet, media_us = timed.packet, timed.arrival.media_us
        if not sizes:
            first_us = media_us
        sizes.append(packet.size)
        last_us = media_us
        if timed.camera_clock_us is not None:
            offset_ms = (timed.camera_clock_us - timed.arrival.wall_us) // 1000
        if packet.is_keyframe:
            keyframes_us.append(media_us)
        if picture is None:
            for frame in source.video.codec_context.decode(as_packet(packet)):
                _, jpeg = cv2.imencode(".jpg", frame.to_ndarray(format="bgr24"))
                picture = b64encode(jpeg.tobytes()).decode()
                break
        if time.monotonic() > until or (len(keyframes_us) >= 3 and picture):
            break
    seconds = (last_us - first_us) / 1_000_000
    context = source.video.codec_context
    return Probed(
        ok=picture is not None,
        took_ms=took_ms,
        code=None if picture is not None else "no_data",
        codec=context.name,
        width=context.width,
        height=context.height,
        fps=round((len(sizes) - 1) / seconds, 1) if seconds > 0 else None,
        keyframe_interval_s=_mean_interval_s(keyframes_us),
        bitrate_bps=int(sum(sizes[:-1]) * 8 / seconds) if seconds > 0 else None,
        clock_offset_ms=offset_ms,
        audio=source.announces_audio,
        simulated=source.simulated,
        picture=picture,
    )


def _mean_interval_s(times_us: list[int]) -> float | None:
    if len(times_us) < 2:
        return None
    return round((times_us[-1] - times_us[0]) / (len(times_us) - 1) / 1_000_000, 2)


def main() -> None:
    """The child process: reads an address as JSON from standard input, writes the result as JSON to standard output."""
    av.logging.set_level(None)
    request = json.loads(sys.stdin.read())
    timeout_s = request.pop("timeout_s")
    sys.stdout.write(json.dumps(asdict(probe_in_process(Address(**request), timeout_s))))


if __name__ == "__main__":
    main()
