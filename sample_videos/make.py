"""Makes the sample videos: three views of two classrooms, each as a main and a sub-stream, and what is true of them.

    pip install -r requirements/samples.txt av opencv-python-headless
    python sample_videos/make.py                    # all clips and truth.json, some minutes
    python sample_videos/make.py --still room-b 34  # one picture, to look at

See README.md and PROVENANCE.md beside this file.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import av
import cv2

sys.path.insert(0, str(Path(__file__).parent))
from film import FPS, GOP, SECONDS, View, crowd, with_strip
from places import SEATS_A, SEATS_B, VIEWS
from story import class_in_room_a, class_in_room_b

CLIPS = Path(__file__).parent / "clips"
STREAMS = {"main": ((1280, 720), 330_000, "high"), "sub": ((640, 360), 110_000, "main")}
ROOMS = {"room-a-front": "room-a", "room-a-rear": "room-a", "room-b": "room-b"}


def cast(room_name, room):
    """(parts, people) of a room."""
    if room_name == "room-b":
        return class_in_room_b(room, SEATS_B), crowd(len(SEATS_B), 3)
    return class_in_room_a(room, SEATS_A), crowd(len(SEATS_A), 4)


def view_of(name):
    """The view of a clip's name."""
    number, room, lens, label = VIEWS[name]
    parts, people = cast(ROOMS[name], room)
    return View(number, room, lens, label, parts, people)


class Writer:
    """One H.264 file: closed groups of two seconds, no B-frames; one thread, so that the result is reproducible."""

    def __init__(self, name, stream):
        self.size, bitrate, profile = STREAMS[stream]
        self._file = av.open(str(CLIPS / f"{name}-{stream}.mp4"), "w", options={"movflags": "+faststart"})
        self._stream = self._file.add_stream("libx264", rate=FPS)
        self._stream.width, self._stream.height = self.size
        self._stream.pix_fmt = "yuv420p"
        self._stream.bit_rate = bitrate
        self._stream.codec_context.gop_size = GOP
        limits = f"vbv-maxrate={bitrate * 2 // 1000}:vbv-bufsize={bitrate * 3 // 1000}"
        fixed = f"keyint={GOP}:min-keyint={GOP}:scenecut=0:bframes=0:open-gop=0:threads=1:rc-lookahead={GOP}"
        self._stream.options = {"preset": "medium", "profile": profile, "x264-params": f"{fixed}:{limits}"}

    def add(self, picture):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        self._file.mux(self._stream.encode(frame))

    def close(self):
        self._file.mux(self._stream.encode())
        self._file.close()


def film(name):
    """Draw and encode both streams of a view. Returns the people seen in each second."""
    cv2.setNumThreads(1)
    view = view_of(name)
    writers = [Writer(name, stream) for stream in STREAMS]
    seen = []
    for frame in range(SECONDS * FPS):
        picture = view.picture(frame)
        if frame % FPS == 0:
            seen.append(sorted(view.seen))
            print(f"{name} {frame // FPS}/{SECONDS} s: {len(seen[-1])} seen", flush=True)
        for writer in writers:
            writer.add(with_strip(picture, writer.size, view.number, frame))
    for writer in writers:
        writer.close()
    return seen


def truth(seen):
    """For the first frame of each second: who is in each room, and who is seen in each view."""
    rooms = {}
    for name, room_name in ROOMS.items():
        parts, _ = cast(room_name, VIEWS[name][1])
        rooms[room_name] = [[p.number for p in parts if p.stance(float(second))] for second in range(SECONDS)]
    return {
        "about": "Per second, at its first frame. rooms: people in the room; views: people whose face can be seen.",
        "fps": FPS,
        "gop_frames": GOP,
        "seconds": SECONDS,
        "views": {name: {"view": VIEWS[name][0], "room": ROOMS[name]} for name in ROOMS},
        "truth": [
            {
                "second": second,
                "rooms": {room_name: present[second] for room_name, present in rooms.items()},
                "views": {name: seen[name][second] for name in ROOMS},
            }
            for second in range(SECONDS)
        ],
    }


def main():
    """Make everything, or one still."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--still", nargs=2, metavar=("VIEW", "SECOND"), help="write one picture and stop")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()
    if options.still:
        name, frame = options.still[0], round(float(options.still[1]) * FPS)
        view = view_of(name)
        cv2.imwrite(f"{name}-{frame}.png", with_strip(view.picture(frame), (1280, 720), view.number, frame))
        return
    CLIPS.mkdir(exist_ok=True)
    with ProcessPoolExecutor(options.processes) as pool:
        seen = dict(zip(ROOMS, pool.map(film, ROOMS), strict=True))
    lines = json.dumps(truth(seen), separators=(",", ":")).replace('{"second"', '\n{"second"')
    (CLIPS / "truth.json").write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
