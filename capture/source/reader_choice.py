"""Which of the two readers one camera needs: the plain reader, or FFmpeg.

Here: what was learnt about a camera, and the error by which the plain reader declines one. Not here: the choice itself
(`opening`), the readers (`plain`, `ffmpeg`). Design: docs/design/capture.md, "The plain reader"; decision 0013.
"""

from dataclasses import dataclass


class NotPlain(Exception):
    """The plain reader cannot read this camera. `lasting`: another try would fail for the same reason."""

    def __init__(self, why: str, *, lasting: bool = True) -> None:
        super().__init__(why)
        self.lasting = lasting


@dataclass(slots=True)
class ReaderChoice:
    """What is known of one camera; kept as long as its thread lives.

    `try_plain` becomes false for good once the camera has shown that it needs FFmpeg. `why_ffmpeg`: why the plain
    reader declined it at the last try, without its address; None where the plain reader reads it.
    """

    try_plain: bool = True
    why_ffmpeg: str | None = None
