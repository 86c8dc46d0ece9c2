"""The mux of a plain camera's run: pictures → fragments, as FFmpeg's mux makes them of packets.

FFmpeg's lets go of Python's lock and takes it again twice for every picture, and among 32 cameras each time means to
wait for the others: that was a third of what recording cost.
"""

from shike.capture.mp4 import boxes
from shike.capture.mp4.coded_picture import CodedPicture
from shike.capture.mp4.fragments import OTHER_SAMPLE, SYNC_SAMPLE, fragment

_ALONE = 3600  # ticks; a picture that lasts no time would be found in no range


class PictureMux:
    """One run's pictures. Decode times begin at zero and go on through the run."""

    def __init__(self, init: bytes, fragment_s: float) -> None:
        """`init`: the run's init section, whose video has 90,000 ticks a second."""
        self.init = init
        self._track_id = boxes.init_facts(init).track_id
        self._longest = int(fragment_s * CodedPicture.time_base.denominator)
        self._base: int | None = None
        self._pictures: list[CodedPicture] = []
        self._sequence = 0
        self._apart = 0  # ticks between the last two

    def mux(self, picture: CodedPicture) -> list[bytes]:
        """Take a picture; returns the fragment that was complete before it, if one was."""
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
        """What was still being collected; the last picture lasts as long as the one before it, or 40 ms without one."""
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
