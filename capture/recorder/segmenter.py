"""Packets → fragments → segments cut at keyframes.

A run has one mux. `RunMux` turns packets into fragments; `Segmenter` puts them into segment files and begins a new file
at the first keyframe after the nominal length. Not here: disk (writer.py), cameras, threads.
Design: docs/design/capture.md.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from shike.capture.archive.segment import EndReason, Identity
from shike.capture.errors import FootageError
from shike.capture.ids import new_id
from shike.capture.mp4 import boxes
from shike.capture.mp4.parameters import CodingParameters
from shike.capture.recorder.config import Lengths
from shike.capture.source.audio import Sound

if TYPE_CHECKING:
    from shike.capture.recorder.writer import Writer

# Ticks per second: FFmpeg's for pictures read without a container, and those of RTP video.
_RAW_HZ, _RTP_HZ = 1_200_000, 90_000


class _Sink:
    """The file-like object that a mux writes to. Collects bytes until whole fragments can be taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(data)
        return len(data)

    def take_init(self) -> bytes:
        """ftyp + moov, once the header is written."""
        whole = b"".join(self._pieces)
        end = boxes.find(whole, b"moov").end
        self._pieces = [whole[end:]]
        return whole[:end]

    def take_fragments(self) -> list[bytes]:
        """Whole fragments (moof + mdat). The trailer that the mux writes when it is closed is dropped."""
        if not self._pieces:
            return []
        whole = b"".join(self._pieces)
        fragments: list[bytes] = []
        start: int | None = None
        taken = 0
        for box in boxes.walk(whole):
            if box.kind == b"moof":
                start = box.start
            elif box.kind == b"mdat" and start is not None:
                fragments.append(whole[start : box.end])  # not copied if it is the whole buffer
                start, taken = None, box.end
        self._pieces = [whole[taken:]] if taken < len(whole) else []
        return fragments


class RunMux:
    """The fragmented MP4 stream of one run. Decode times begin at zero and continue over all files of the run."""

    def __init__(
        self,
        template: VideoStream,
        fragment_s: float,
        sound: Sound | None = None,
        coded: CodingParameters | None = None,
    ) -> None:
        """`coded`: how the pictures are coded now, if that has changed since the template's stream began.

        With `sound`, the init section also declares an audio track. If that is impossible, `sound` is marked as failed.
        This mux does not write audio frames.
        """
        self._sink = _Sink()
        options = {
            "movflags": "empty_moov+default_base_moof+frag_keyframe",
            "frag_duration": str(int(fragment_s * 1_000_000)),
        }
        if template.time_base is not None and template.time_base.denominator == _RAW_HZ:
            options["video_track_timescale"] = str(_RTP_HZ)
        container = av.open(self._sink, "w", format="mp4", options=options)
        self._container = container
        self._stream = _add_video(container, template, coded)
        self._container.start_encoding()
        self.init = self._sink.take_init()
        if sound is not None:
            try:
                self.init = _init_with(sound, template, coded, options)
            except (av.FFmpegError, ValueError, FootageError):
                sound.fail("has no header in MP4")
        self._base: int | None = None

    def mux(self, packet: "Packet[VideoStream]") -> list[bytes]:
        """Mux a packet; returns the fragments that it completed. Changes the packet's times to begin at zero."""
        dts, pts = packet.dts, packet.pts
        assert dts is not None
        if self._base is None:
            self._base = dts
        packet.dts = dts - self._base
        packet.pts = (dts if pts is None else pts) - self._base
        packet.stream = self._stream
        self._container.mux(packet)
        return self._sink.take_fragments()

    @classmethod
    def init_section(cls, template: VideoStream, sound: Sound | None, coded: CodingParameters | None) -> bytes:
        """The init section of a run whose fragments another mux makes (mp4/picture_mux.py)."""
        mux = cls(template, 1.0, sound, coded)
        mux.finish()
        return mux.init

    def finish(self) -> list[bytes]:
        """Close the mux; returns the last fragments."""
        self._container.close()
        return self._sink.take_fragments()


def _add_video(container: OutputContainer, template: VideoStream, coded: CodingParameters | None) -> VideoStream:
    stream = container.add_stream_from_template(template)
    context = stream.codec_context
    if template.codec_context.name == "hevc":
        context.codec_tag = "hvc1"
    if coded is not None and coded.extradata is not None:
        context.width, context.height, context.extradata = coded.width, coded.height, coded.extradata
    return stream


def _init_with(sound: Sound, template: VideoStream, coded: CodingParameters | None, options: dict[str, str]) -> bytes:
    """The init section of a video and an audio track, made by a mux used only for that."""
    sink = _Sink()
    container = av.open(sink, "w", format="mp4", options=options)
    _add_video(container, template, coded)
    sound.add_to(container)
    container.start_encoding()
    init = sink.take_init()
    container.close()
    return init


class Segmenter:
    """Cuts one run's fragments into segment files. It decides where to cut; a `Writer` does the disk work."""

    def __init__(
        self, writer: "Writer", lengths: Lengths, identity: Identity, init: bytes, wall_of: Callable[[int], int]
    ) -> None:
        """`identity`: of the run's first segment. `wall_of`: maps media µs since the run's start to wall µs."""
        self._writer, self._lengths = writer, lengths
        self._next, self._init, self._wall_of = identity, init, wall_of
        self._timescale = boxes.init_facts(init).timescale
        self._longest_us = int(lengths.segment_s * 1_000_000)
        self._started_us: int | None = None  # wall time at which the open segment starts
        self._began_us = 0  # the same moment as media time of the run
        self.clock_offset_ms: int | None = None
        self.dropped = 0

    @property
    def stored(self) -> bool:
        """Whether a fragment of this run has been stored."""
        return self._writer.stored_run == self._next.run_id

    def append(self, payload: bytes, audio: bytes = b"") -> None:
        """Store a fragment and its audio, in a new file if it is time for one. DiskError if the volume refuses."""
        facts = boxes.moof_facts(payload, next(boxes.walk(payload)))
        media_us = facts.decode_time * 1_000_000 // self._timescale
        wall_us = self._wall_of(media_us)
        # By media time. Wall time is slewed: a segment one µs too short would take in a whole group of pictures more.
        if facts.is_key and self._started_us is not None and media_us - self._began_us >= self._longest_us:
            self._end(None)
        if self._started_us is None:
            identity = replace(self._next, segment_id=new_id(), started_us=wall_us)
            self._next = replace(self._next, sequence=identity.sequence + 1)
            self._writer.begin(identity, self._init)
            self._started_us, self._began_us = wall_us, media_us
        self._writer.store(payload, wall_us, audio)

    def overdue(self, wall_us: int) -> bool:
        """Whether no keyframe came for three nominal lengths. Then the run must end so that the segment ends."""
        return self._age_us(wall_us) > 3 * self._lengths.segment_s * 1_000_000

    def close(self, reason: EndReason) -> None:
        """End the run. DiskError if the volume has refused."""
        if self._started_us is not None:
            self._end(reason)
        else:
            self._writer.end_last(reason)

    def _age_us(self, wall_us: int) -> int:
        return 0 if self._started_us is None else wall_us - self._started_us

    def _end(self, reason: EndReason | None) -> None:
        dropped, self._started_us, self.dropped = self.dropped, None, 0
        self._writer.close(reason, self.clock_offset_ms, dropped)
