"""The mux for plain cameras: pictures → fragments, equal to those that FFmpeg's mux makes of packets.

FFmpeg's mux releases and takes Python's global lock twice for every picture. With 32 cameras in a process each time
waits for the other threads; that was a third of the cost of recording. Not here: storing fragments (recorder).
Design: docs/decisions/0013-plain-cameras-without-ffmpeg.md.
"""

from shike.capture.mp4 import boxes
from shike.capture.mp4.coded_picture import CodedPicture
from shike.capture.mp4.fragments import OTHER_SAMPLE, SYNC_SAMPLE, fragment

_ALONE = 3600  # ticks (40 ms); a picture with duration 0 would lie in no time range


class PictureMux:
    """The mux of one run. Decode times begin at zero and rise through the run."""

    def __init__(self, init: bytes, fragment_s: float) -> None:
        """`init`: the run's init section, with a video timescale of 90,000. `fragment_s`: longest fragment (s)."""
        self.init = init
        self._track_id = boxes.init_facts(init).track_id
        self._longest = int(fragment_s * CodedPicture.time_base.denominator)
        self._base: int | None = None
        self._pictures: list[CodedPicture] = []
        self._sequence = 0
        self._apart = 0  # ticks between the last two pictures

    def mux(self, picture: CodedPicture) -> list[bytes]:
        """Add a picture. Returns the fragment that this picture completes, if any; the picture begins the next one."""
        waiting = self._pictures
        if not waiting:
            self._base = picture.dts if self._base is None else self._base
            waiting.append(picture)
            return []
        self._apart = picture.dts - waiting[-1].dts
        if not picture.is_keyframe and picture.dts - waiting[0].dts < self._longest:
            waiting.append(picture)
            return []
        done = self._fragment(picture.dts)
        self._pictures = [picture]
        return [done]

    def finish(self) -> list[bytes]:
        """The last fragment. Its last picture lasts as long as the one before it, or 40 ms if it is the only one."""
        if not self._pictures:
            return []
        done = self._fragment(self._pictures[-1].dts + (self._apart or _ALONE))
        self._pictures = []
        return [done]

    def _fragment(self, until: int) -> bytes:
        pictures = self._pictures
        assert self._base is not None
        self._sequence += 1
        times = [picture.dts for picture in pictures] + [until]
        samples = [(after - picture.dts, picture.size) for picture, after in zip(pictures, times[1:], strict=True)]
        return fragment(
            self._sequence,
            self._track_id,
            pictures[0].dts - self._base,
            samples,
            OTHER_SAMPLE,
            [picture.data for picture in pictures],
            SYNC_SAMPLE if pictures[0].is_keyframe else None,
        )
