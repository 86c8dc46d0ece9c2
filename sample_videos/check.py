"""How well the default detector counts the sample videos: per clip, against truth.json, on every keyframe.

python sample_videos/check.py    # needs the product installed and its detector packed
"""

import json
from pathlib import Path

import av

from shike.attendance.counting.centerface import CenterFace

CLIPS = Path(__file__).parent / "clips"


def counted(clip, detector):
    """(second, heads found) for each keyframe of a clip."""
    with av.open(str(clip)) as container:
        container.streams.video[0].codec_context.skip_frame = "NONKEY"
        for picture in container.decode(video=0):
            found = detector.detect(picture.to_ndarray(format="bgr24"))
            yield round(picture.time), sum(one.score >= detector.threshold for one in found)


def main():
    """Print a line per clip."""
    told = json.loads((CLIPS / "truth.json").read_text(encoding="utf-8"))
    detector = CenterFace()
    for name in told["views"]:
        for stream in ("main", "sub"):
            pairs = [
                (second, len(told["truth"][second]["views"][name]), found)
                for second, found in counted(CLIPS / f"{name}-{stream}.mp4", detector)
            ]
            close = sum(abs(true - found) <= 1 for _, true, found in pairs) / len(pairs)
            exact = sum(true == found for _, true, found in pairs) / len(pairs)
            far = [pair for pair in pairs if abs(pair[1] - pair[2]) > 1]
            print(f"{name}-{stream}: within one {close:.0%}, exact {exact:.0%} of {len(pairs)}; farther off: {far}")


if __name__ == "__main__":
    main()
