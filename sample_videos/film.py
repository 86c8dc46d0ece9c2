"""Drawing a view frame by frame: room, furniture, people, daylight, clock, strip of bits."""

import sys
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from lens import HEIGHT, WIDTH
from people import Person
from PIL import Image, ImageDraw, ImageFont
from room import draw_chair, draw_desk, empty_room

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
from shike.camera_sim.media import strip

FPS, SECONDS, GOP = 25, 64, 50
_START = datetime(2026, 11, 20, 8, 29, 30)  # noqa: DTZ001 - what the camera's own clock shows
_SEEN = 0.6


class View:
    """One view of a room with its class. ``picture`` draws a frame; ``seen`` then holds the people seen in it."""

    def __init__(self, number, room, lens, label, parts, people):
        self.number, self.lens, self.label = number, lens, label
        self._parts, self._people = parts, people
        self._room = room
        self._bare, self._day = empty_room(room, lens)
        self._desks = [(self._far(d.x, d.y - 0.44), draw_desk(d, lens)) for d in room.desks]
        self._chairs = [(self._far(d.x, d.y + 0.3), draw_chair(d, lens)) for d in room.desks]
        self._bodies = {}
        self._lit = None
        self.seen = {}

    def _far(self, x, y):
        return float(np.hypot(x - self.lens.place[0], y - self.lens.place[1]))

    def picture(self, frame):
        """The frame as uint8 BGR, without the strip."""
        at_s = frame / FPS
        day = 1.0 + 0.07 * np.sin(
            (frame // GOP) * 2 / 64 * 2 * np.pi - 0.6
        )  # it changes only at keyframes, which costs no bits
        if self._lit is None or self._lit[0] != day:
            bright = self._bare * (1 + (day - 1) * self._day) * _vignette()
            self._lit = day, np.clip(bright, 0, 1).astype(np.float32)
        picture = self._lit[1].copy()
        light = float(1 + (day - 1) * 0.8)
        things = [(far, patch, light * 0.97, None) for far, patch in self._desks + self._chairs]
        for part in self._parts:
            things += self._figure(part, at_s, light)
        faces = {}
        to_see = frame % FPS == 0  # truth.json has one entry a second
        for _, patch, bright, face in sorted(things, key=lambda thing: -thing[0]):
            patch.onto(picture, bright * _at_middle(patch))
            for left in faces.values() if to_see else ():
                left.cover(patch)
            if face:
                faces[face[0]] = _Face(face[1])
        self.seen = {} if not to_see else {number: face.box for number, face in faces.items() if face.share() >= _SEEN}
        return self._finish(picture, frame)

    def _figure(self, part, at_s, light):
        state = part.stance(at_s)
        if state is None:
            return []
        stance, gaze, bow = state
        person, lens = self._people[part.number], self.lens
        if lens.depth((stance.x, stance.y, 1.3)) < 0.8:
            return []
        key = part.number, stance
        if key not in self._bodies:
            if stance.stride is not None or 0 < stance.up < 1:
                self._bodies.pop(("moving", part.number), None)
                body = person.body(stance, lens)
            else:
                body = self._bodies[key] = person.body(stance, lens)
        else:
            body = self._bodies[key]
        head, hair, face = person.head_patch(stance, lens, *self._look(person, stance, gaze, bow))
        bright = light * (0.80 + 0.17 * stance.x / self._room.width)
        far = self._far(stance.x, stance.y)
        figure = [(far + 0.01, hair, bright, None), (far, body[0], bright, None)]
        figure.append((far - 0.01, head, bright * 1.02, (part.number, face)))
        if body[1] is not None:
            figure.append((self._far(part.desk.x, part.desk.y - 0.44) - 0.01, body[1], bright, None))
        return figure

    def _look(self, person, stance, gaze, bow):
        """Yaw and pitch of the head in this view, in degrees. Reduced, because a flat portrait can turn only little."""
        gaze = np.array([*gaze, 0.0])
        turn = np.degrees(np.arctan2(gaze @ self.lens.right, -(gaze @ self.lens.forward)))
        place = person.head_place(stance)
        down = np.degrees(np.arctan2(self.lens.place[2] - place[2], self._far(place[0], place[1])))
        return float(np.clip(turn * 0.55, -27, 27)), float(np.clip(bow * 0.8 + down * 0.25, 0, 24))

    def _finish(self, picture, frame):
        shown = cv2.convertScaleAbs(picture, alpha=255)
        moment = _START + timedelta(seconds=frame // FPS)
        text = _caption(f"{moment:%Y-%m-%d %H:%M:%S}   {self.label}")
        area = shown[16 : 16 + text.shape[0], 20 : 20 + text.shape[1]]
        area[:] = (area * (1 - text[..., 1:]) + 255 * text[..., :1]).astype(np.uint8)
        return shown


class _Face:
    """How much of a face stays visible while nearer things are drawn over it."""

    def __init__(self, box):
        self.box = tuple(round(float(edge), 1) for edge in box)
        x0, y0, x1, y1 = (round(edge) for edge in box)
        self._x, self._y = x0, y0
        self._left = np.ones((max(1, y1 - y0), max(1, x1 - x0)), np.float32)
        self._whole = self._left.size
        xs, ys = np.arange(self._left.shape[1]) + x0, np.arange(self._left.shape[0]) + y0
        self._left *= ((xs >= 0) & (xs < WIDTH))[None] & ((ys >= 0) & (ys < HEIGHT - 16))[:, None]

    def cover(self, patch):
        height, width = self._left.shape
        x0, y0 = max(self._x, patch.x), max(self._y, patch.y)
        x1 = min(self._x + width, patch.x + patch.alpha.shape[1])
        y1 = min(self._y + height, patch.y + patch.alpha.shape[0])
        if x0 < x1 and y0 < y1:
            alpha = patch.alpha[y0 - patch.y : y1 - patch.y, x0 - patch.x : x1 - patch.x, 0]
            self._left[y0 - self._y : y1 - self._y, x0 - self._x : x1 - self._x] *= 1 - alpha

    def share(self):
        return float(self._left.sum()) / self._whole


@lru_cache(maxsize=1)
def _vignette():
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j].astype(np.float32)
    return (1 - 0.16 * np.clip((x * x + y * y) / 2, 0, 1) ** 1.5)[..., None]


def _at_middle(patch):
    height, width = patch.alpha.shape[:2]
    x = min(WIDTH - 1, max(0, patch.x + width // 2))
    y = min(HEIGHT - 1, max(0, patch.y + height // 2))
    return float(_vignette()[y, x, 0])


@lru_cache(maxsize=8)
def _caption(text):
    """White letters with a soft dark edge: premultiplied white, and alpha (HxWx2)."""
    font = ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"), 20)
    sheet = Image.new("L", (round(font.getlength(text)) + 16, 34), 0)
    ImageDraw.Draw(sheet).text((8, 4), text, fill=255, font=font)
    letters = np.asarray(sheet, np.float32) / 255
    edge = np.clip(cv2.GaussianBlur(letters, (0, 0), 2.2) * 1.5, 0, 0.75)
    return np.stack([letters, np.maximum(letters, edge)], axis=2)


def with_strip(picture, size, view, frame):
    """The picture, scaled to a size (width, height), with its strip of bits."""
    shown = picture.copy() if size == (WIDTH, HEIGHT) else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    strip.paint(shown, strip.Strip(view, frame))
    return shown


def crowd(count, seed):
    """People 0..count-1 of a room; they look the same in all its views."""
    return {number: Person(number, seed) for number in range(count)}
