"""The folder of the sample videos: in the installed package, else in the checkout."""

from pathlib import Path

from shike.camera_sim.media.clip import ClipError

_INSTALLED = Path(__file__).parents[1] / "clips"
_CHECKOUT = Path(__file__).parents[4] / "sample_videos" / "clips"


def folder() -> Path:
    """The folder of the sample videos. ClipError if this installation has none."""
    for candidate in (_INSTALLED, _CHECKOUT):
        if any(candidate.glob("*-main.mp4")):
            return candidate
    raise ClipError("this installation has no sample videos; make them with sample_videos/make.py")
