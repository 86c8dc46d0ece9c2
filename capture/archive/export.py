"""A range of footage → one MP4 that plays anywhere, without transcoding.

Packets are copied. Time zero is the first picture, and a gap between runs keeps its length, so the wall time of a
picture is the start plus its position in the file. Not here: permissions, the requested range, HTTP. Why gaps stay:
docs/decisions/0008-exports-keep-gaps.md.
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
    """Footage of one run: init section, wall times of its start and end (µs UTC), and its fragments in order."""

    run_id: str
    origin: str
    simulated: bool
    init: bytes
    start_us: int
    end_us: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Label:
    """Who exported which stream of which camera and when; stands as JSON in the comment of the file."""

    camera: str
    camera_id: str
    stream: str
    exported_by: str
    exported_at: str


class _Reader(io.RawIOBase):
    """A file-like object over an init section and chunks, which can be read once from the start."""

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


def export_mp4(runs: Sequence[ExportedRun], label: Label, target: Path) -> None:
    """Write the runs into `target`. NoFootage if there are none; MixedParameters if codec or picture size change."""
    if not runs:
        raise NoFootage("nothing was recorded in this range")
    first = runs[0]
    for run in runs:
        if run.init != first.init and _parameters(run.init) != _parameters(first.init):
            raise MixedParameters("the picture's size or codec changes within the range", run.start_us)
    comment = asdict(label) | {
        "start_us": first.start_us,
        "runs": [[run.run_id, run.origin, run.simulated, run.start_us, run.end_us] for run in runs],
    }
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as output:
        simulated = any(run.simulated for run in runs)
        imported = any(run.origin == "imported" for run in runs)
        marks = [mark for mark, given in (("simulated", simulated), ("imported", imported)) if given]
        output.metadata["title"] = " ".join(["Shike", label.camera, *(f"[{mark}]" for mark in marks)])
        output.metadata["comment"] = json.dumps(comment, ensure_ascii=False)
        target_streams = _streams(runs, output)
        for run in runs:
            _copy(run, run.start_us - first.start_us, output, *target_streams)


def _streams(runs: Sequence[ExportedRun], output: OutputContainer) -> tuple[VideoStream, AudioStream | None]:
    """The tracks of the output: video, and the audio track of the first run that has one."""
    with av.open(io.BytesIO(runs[0].init), "r", format="mp4") as source:
        video = output.add_stream_from_template(source.streams.video[0])
        video.time_base = Fraction(1, _TICKS)
    for run in runs:
        if has_audio(run.init):
            with av.open(io.BytesIO(run.init), "r", format="mp4") as source:
                return video, output.add_stream_from_template(source.streams.audio[0])
    return video, None


def _copy(
    run: ExportedRun, offset_us: int, output: OutputContainer, video: VideoStream, audio: AudioStream | None
) -> None:
    """Append a run. Audio with another sample rate than the output's is left out; every picture is copied."""
    try:
        with av.open(_Reader(run.init, run.chunks), "r", format="mp4") as source:
            wanted = {source.streams.video[0].index: video}
            sound = source.streams.audio[0] if source.streams.audio else None
            if audio is not None and sound is not None and sound.rate == audio.rate:
                wanted[sound.index] = audio  # type: ignore[assignment]
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
                    for early_packet in early:
                        _mux(early_packet, begins, output, audio)
                _mux(packet, begins, output, wanted[packet.stream_index])
    except FFmpegError as error:
        raise FootageError(f"run {run.run_id} cannot be copied: {error.strerror}") from None


def _mux(
    packet: "Packet[Any]", begins: Fraction, output: OutputContainer, stream: VideoStream | AudioStream | None
) -> None:
    """Write a packet with its time counted from `begins` (s). Audio before the first picture is left out."""
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
