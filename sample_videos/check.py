"""Count the people in every keyframe of the sample videos with the default detector, and compare with truth.json.

python sample_videos/check.py    # needs the product installed and its detector packed
"""

import json
from pathlib import Path

import av

from shike.attendance.counting.centerface import CenterFace

CLIPS = Path(__file__).parent / "clips"


def counted(clip, detector):
    """(second, heads detected) for each keyframe of a clip."""
    with av.open(str(clip)) as container:
        container.streams.video[0].codec_context.skip_frame = "NONKEY"
        for picture in container.decode(video=0):
            heads = detector.detect(picture.to_ndarray(format="bgr24"))
            yield round(picture.time), sum(head.score >= detector.threshold for head in heads)


def main():
    """Print a line per clip."""
    truth = json.loads((CLIPS / "truth.json").read_text(encoding="utf-8"))
    detector = CenterFace()
    for name in truth["views"]:
        for stream in ("main", "sub"):
            pairs = [
                (second, len(truth["truth"][second]["views"][name]), heads)
                for second, heads in counted(CLIPS / f"{name}-{stream}.mp4", detector)
            ]
            close = sum(abs(seen - heads) <= 1 for _, seen, heads in pairs) / len(pairs)
            exact = sum(seen == heads for _, seen, heads in pairs) / len(pairs)
            far = [pair for pair in pairs if abs(pair[1] - pair[2]) > 1]
            print(f"{name}-{stream}: within one {close:.0%}, exact {exact:.0%} of {len(pairs)}; farther off: {far}")


if __name__ == "__main__":
    main()
