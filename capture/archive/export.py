"""A range of footage → one MP4 that plays anywhere, without transcoding.

Packets are copied. Time is rebased to zero at the first picture, and a gap between runs stays as long as it was, so
`start + position in the file` is wall time everywhere in it. Not here: who may, what is asked for, HTTP.
"""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from shike.capture.errors import FootageError, MixedParameters, NoFootage, SourceError
from shike.capture.mp4.audio import has_audio
from shike.capture.mp4.parameters import Sets, stored_sets

_TICKS = 90_000


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """Footage of one run: its init section, the wall time of its first picture (µs), and its bytes in order."""

    run_id: str
    origin: str
    simulated: bool
    init: bytes
    start_us: int
    end_us: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Label:
    """What an export says of itself, as JSON in the file's comment."""

    camera: str
    camera_id: str
    stream: str
    exported_by: str
    exported_at: str


class _Reader(io.RawIOBase):
    """Bytes that are read once, from front to back."""

    def __init__(self, init: bytes, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, memoryview(init)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            following = next(self._chunks, None)
            if following is None:
                return b""
            self._rest = memoryview(following)
        end = len(self._rest) if size < 0 else size
        piece, self._rest = bytes(self._rest[:end]), self._rest[end:]
        return piece


def export_mp4(stretches: Sequence[ExportedRun], label: Label, target: Path) -> None:
    """Write the stretches into `target`. NoFootage if there are none; MixedParameters if pictures change on the way."""
    if not stretches:
        raise NoFootage("nothing was recorded in this range")
    first = stretches[0]
    for stretch in stretches:
        if stretch.init != first.init and _parameters(stretch.init) != _parameters(first.init):
            raise MixedParameters("the picture's size or codec changes within the range", stretch.start_us)
    comment = asdict(label) | {
        "start_us": first.start_us,
        "runs": [[s.run_id, s.origin, s.simulated, s.start_us, s.end_us] for s in stretches],
    }
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as output:
        simulated = any(stretch.simulated for stretch in stretches)
        imported = any(stretch.origin == "imported" for stretch in stretches)
        marks = [mark for mark, given in (("simulated", simulated), ("imported", imported)) if given]
        output.metadata["title"] = " ".join(["Shike", label.camera, *(f"[{mark}]" for mark in marks)])
        output.metadata["comment"] = json.dumps(comment, ensure_ascii=False)
        target_streams = _streams(stretches, output)
        for stretch in stretches:
            _copy(stretch, stretch.start_us - first.start_us, output, *target_streams)


def _streams(stretches: Sequence[ExportedRun], output: OutputContainer) -> tuple[VideoStream, AudioStream | None]:
    """The output's tracks: the video's, and the audio's of the first stretch that has any."""
    with av.open(io.BytesIO(stretches[0].init), "r", format="mp4") as source:
        video = output.add_stream_from_template(source.streams.video[0])
        video.time_base = Fraction(1, _TICKS)
    for stretch in stretches:
        if has_audio(stretch.init):
            with av.open(io.BytesIO(stretch.init), "r", format="mp4") as source:
                return video, output.add_stream_from_template(source.streams.audio[0])
    return video, None


def _copy(
    stretch: ExportedRun, offset_us: int, output: OutputContainer, video: VideoStream, audio: AudioStream | None
) -> None:
    """Copy a stretch behind what is there. Audio of another rate than the output's is left out, a picture never."""
    try:
        with av.open(_Reader(stretch.init, stretch.chunks), "r", format="mp4") as source:
            wanted = {source.streams.video[0].index: video}
            heard = source.streams.audio[0] if source.streams.audio else None
            if audio is not None and heard is not None and heard.rate == audio.rate:
                wanted[heard.index] = audio  # type: ignore[assignment]
            begins: Fraction | None = None
            early: list[Packet[Any]] = []
            for packet in source.demux(*(stream for stream in source.streams if stream.index in wanted)):
                if packet.dts is None or packet.pts is None or packet.time_base is None:
                    continue
                is_video = packet.stream_index == source.streams.video[0].index
                if begins is None and not is_video:
                    early.append(packet)
                    continue
                if begins is None:
                    begins = packet.dts * packet.time_base - Fraction(offset_us, 1_000_000)
                    for heard_before in early:
                        _mux(heard_before, begins, output, audio)
                _mux(packet, begins, output, wanted[packet.stream_index])
    except FFmpegError as error:
        raise FootageError(f"run {stretch.run_id} cannot be copied: {error.strerror}") from None


def _mux(
    packet: "Packet[Any]", begins: Fraction, output: OutputContainer, stream: VideoStream | AudioStream | None
) -> None:
    """Write a packet with its time counted from `begins` seconds; what lies before the first picture is left out."""
    assert packet.dts is not None and packet.pts is not None and packet.time_base is not None
    shift = round(begins / packet.time_base)
    if packet.dts < shift:
        return
    packet.dts, packet.pts = packet.dts - shift, packet.pts - shift
    packet.stream = stream
    output.mux(packet)


def _parameters(init: bytes) -> tuple[str, Sets, int, int]:
    try:
        with av.open(io.BytesIO(init), "r", format="mp4") as container:
            context = container.streams.video[0].codec_context
            return context.name, stored_sets(context.extradata or b"", context.name), context.width, context.height
    except FFmpegError as error:
        raise SourceError("unreadable", str(error.strerror)) from None
