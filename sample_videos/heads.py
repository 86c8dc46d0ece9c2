"""Heads: two public-domain faces, blended and lit differently for each person, with drawn hair.

A head is a picture of 240x340 pixels with the eyes at (90, 150) and (150, 150). Wrapping it around an egg shape makes
turned and bowed views. Hats and hair of the portraits are left out.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import skimage.data

SIZE = (240, 340)
CENTRE = (120.0, 150.0)
CHIN, CROWN = 250, 50
PIXELS_PER_METRE = 650.0
_EGG = (77.0, 106.0)
_EYES_AND_MOUTH = np.float32([[90, 150], [150, 150], [120, 207]])
_FIRST_CLEAR_ROW = 126  # above it the portraits show a fringe and a hat

STYLES = ("short", "crop", "parted", "fringe", "bob", "long", "bun", "tail", "cap", "receding")


@dataclass(frozen=True)
class Look:
    """The features of one head. ``blend``: share of the second portrait."""

    blend: float
    mirrored: bool
    width: float
    skin: tuple[float, float, float]
    style: str
    hair: tuple[float, float, float]
    glasses: bool
    contrast: float
    slant: float = 0.0


@lru_cache(maxsize=1)
def _faces():
    astronaut = skimage.data.astronaut()[..., ::-1].astype(np.float32) / 255
    file = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    hopper = cv2.imread(str(file)).astype(np.float32) / 255
    marks = (np.float32([[203, 101], [247, 103], [224, 145]]), np.float32([[224, 190], [305, 187], [265, 276]]))
    faces = []
    for picture, points in zip((astronaut, hopper), marks, strict=True):
        face = cv2.warpAffine(
            picture,
            cv2.getAffineTransform(points, _EYES_AND_MOUTH),
            SIZE,
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        skin = face[165:200, [*range(78, 96), *range(144, 162)]].reshape(-1, 3).mean(axis=0)
        if picture is hopper:
            face = cv2.GaussianBlur(face, (0, 0), 1.6)
        faces.append(np.clip(face / skin, 0, 1.25))
    return faces


def _soft(mask, sigma=2.0):
    return cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), sigma)[..., None]


def _blank():
    return np.zeros((SIZE[1], SIZE[0]), np.uint8)


def _ellipse(mask, centre, axes, value=255, angle=0.0):
    cv2.ellipse(mask, (tuple(map(float, centre)), (axes[0] * 2.0, axes[1] * 2.0), angle), value, -1, cv2.LINE_AA)


def _face(look):
    first, second = _faces()
    face = first * (1 - look.blend) + second * look.blend
    brow = cv2.GaussianBlur(face[_FIRST_CLEAR_ROW : _FIRST_CLEAR_ROW + 8], (0, 0), 9).mean(axis=0)
    brow = np.clip(brow, 0.9, 1.05)
    fade = np.clip((np.arange(SIZE[1]) - _FIRST_CLEAR_ROW + 6) / 10, 0, 1)[:, None, None].astype(np.float32)
    face = face * fade + brow[None] * (1 - fade)
    face = 1 + (face - 1) * look.contrast
    if look.mirrored:
        face = face[:, ::-1]
    return np.clip(face * np.float32(look.skin), 0, 1)


def _outline():
    """Forehead, cheeks, jaw and chin."""
    mask = _blank()
    _ellipse(mask, (120, 140), (58, 78))
    jaw = np.array([[62, 140], [66, 190], [80, 224], [104, 246], [136, 246], [160, 224], [174, 190], [178, 140]])
    cv2.fillPoly(mask, [jaw.astype(np.int32)], 255, cv2.LINE_AA)
    return cv2.GaussianBlur(mask, (0, 0), 3)


def _hair_masks(style, slant):
    """(hair over the head, hair behind it)."""
    over, behind = _blank(), _blank()
    _ellipse(over, (120, 138), (70, 88))
    opening = {"crop": (90, 62, 94), "receding": (76, 60, 98), "fringe": (112, 54, 70), "bob": (100, 54, 78)}
    opening |= {"short": (94, 60, 90), "bun": (86, 60, 94), "tail": (88, 59, 92), "long": (92, 56, 86)}
    top, half, tall = opening.get(style, (94, 58, 88))
    _ellipse(over, (120 + slant * 0.6, top + tall), (half, tall), 0, slant)
    if style in ("parted", "tail", "long"):
        _ellipse(over, (104, 168), (42, 66), 0, 18)
    side_end = {"bob": 232, "long": 238, "fringe": 190, "tail": 178, "bun": 172}.get(style, 168)
    over[side_end:] = 0
    cv2.rectangle(over, (66, 176), (174, 339), 0, -1)
    if style in ("bob", "long"):
        for x in (57, 183):
            _ellipse(over, (x, 178), (13, side_end - 178))
    if style in ("bob", "fringe"):
        _ellipse(behind, (120, 158), (78, 82 if style == "bob" else 66))
    if style == "long":
        _ellipse(behind, (120, 190), (80, 100))
        _ellipse(behind, (120, 235), (68, 84))
    if style == "bun":
        _ellipse(behind, (120, 46), (27, 24))
    if style == "tail":
        _ellipse(behind, (184, 210), (20, 66), 255, -12)
    return over, behind


def _strands(seed, colour):
    noise = np.random.default_rng(seed).normal(0, 1, (SIZE[1], SIZE[0])).astype(np.float32)
    strands = cv2.GaussianBlur(noise, (0, 0), sigmaX=1.6, sigmaY=14)
    strands /= strands.std()
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    gloss = np.exp(-(((columns - 100) / 46) ** 2) - ((rows - 78) / 26) ** 2)
    return np.clip(np.float32(colour) * (0.92 + 0.16 * strands + 0.75 * gloss)[..., None], 0, 1)


def _glasses(face):
    for x in (90, 150):
        cv2.ellipse(face, ((float(x), 153.0), (46, 36), 0), (0.10, 0.09, 0.09), 3, cv2.LINE_AA)
    cv2.line(face, (113, 150), (127, 150), (0.10, 0.09, 0.09), 3, cv2.LINE_AA)
    for end, start in ((62, 67), (178, 173)):
        cv2.line(face, (start, 150), (end, 147), (0.10, 0.09, 0.09), 3, cv2.LINE_AA)


class Head:
    """One person's head. ``posed`` returns it turned and bowed, premultiplied, 340x240x4."""

    def __init__(self, look, seed):
        self.look = look
        face = _face(look)
        if look.glasses:
            _glasses(face)
        outline, (over, behind) = _outline(), _hair_masks(look.style, look.slant)
        skin = np.zeros((SIZE[1], SIZE[0], 4), np.float32)
        ears = _blank()
        for x in (60, 180):
            _ellipse(ears, (x, 168), (9, 20))
        tone = np.float32(look.skin)
        skin = _over(skin, tone * 0.82, _soft(ears, 1.5))
        rows = np.arange(SIZE[1], dtype=np.float32)[:, None, None]
        columns = np.abs(np.arange(SIZE[0], dtype=np.float32) - 120)[None, :, None]
        shade = 1 - 0.28 * np.clip((columns - 34) / 26, 0, 1) ** 2 - 0.25 * np.clip((rows - 226) / 22, 0, 1)
        skin = _over(skin, face * shade, outline[..., None].astype(np.float32) / 255)
        hair = _strands(seed, look.hair)
        shadow = cv2.GaussianBlur(np.roll(over, 7, axis=0).astype(np.float32) / 255, (0, 0), 5)[..., None] * 0.35
        skin[..., :3] *= 1 - shadow
        self._front = _over(skin, hair, _soft(over))
        if look.style == "cap":
            self._front = self._with_cap(self._front)
        self._behind = _over(np.zeros_like(skin), hair * 0.7, _soft(behind))
        self._poses = {}

    def _with_cap(self, front):
        cap, peak = _blank(), _blank()
        _ellipse(cap, (120, 134), (72, 90))
        cap[112:] = 0
        _ellipse(peak, (120, 114), (66, 13))
        colour = np.float32(self.look.hair) * 0 + np.float32((0.36, 0.22, 0.16))
        return _over(_over(front, colour, _soft(cap)), colour * 0.7, _soft(peak))

    def posed(self, yaw, pitch):
        """Turned by ``yaw`` degrees (to the picture's right) and bowed by ``pitch``; both rounded to 3 degrees.

        Returns two layers: face and hair, and the hair behind the neck.
        """
        key = round(yaw / 3), round(pitch / 3)
        if key not in self._poses:
            layers = self._pose(key[0] * 3, key[1] * 3)
            self._poses[key] = tuple((np.clip(layer, 0, 1) * 255).astype(np.uint8) for layer in layers)
        return self._poses[key]

    def _pose(self, yaw, pitch):
        turn, bow = np.radians(yaw), np.radians(pitch)
        columns, rows = np.meshgrid(np.arange(SIZE[0], dtype=np.float32), np.arange(SIZE[1], dtype=np.float32))
        u, v = (columns - CENTRE[0]) / _EGG[0], (rows - CENTRE[1]) / _EGG[1]
        depth = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
        y, z = v * np.cos(bow) - depth * np.sin(bow), v * np.sin(bow) + depth * np.cos(bow)
        x, z = u * np.cos(turn) - z * np.sin(turn), u * np.sin(turn) + z * np.cos(turn)
        source_x, source_y = x * _EGG[0] + CENTRE[0], y * _EGG[1] + CENTRE[1]
        front = cv2.remap(self._front, source_x.astype(np.float32), source_y.astype(np.float32), cv2.INTER_LINEAR)
        inside = np.clip((1 - np.sqrt(u * u + v * v)) * 40, 0, 1)[..., None]
        hair = np.append(np.float32(self.look.hair) * 0.9, 1).astype(np.float32)
        scalp = np.clip((0.22 - y) * 12, 0, 1)[..., None]
        front = front + hair * (1 - front[..., 3:]) * scalp
        back = np.clip(-z * 6, 0, 1)[..., None] * np.clip((0.5 - y) * 8, 0, 1)[..., None]
        front = (front * (1 - back) + hair * back) * inside
        behind = np.roll(self._behind, (round(10 * np.sin(bow)), -round(26 * np.sin(turn))), axis=(0, 1))
        if self.look.width != 1:
            grow = np.float32([[self.look.width, 0, CENTRE[0] * (1 - self.look.width)], [0, 1, 0]])
            front, behind = (cv2.warpAffine(layer, grow, SIZE, flags=cv2.INTER_AREA) for layer in (front, behind))
        return front, behind


def _over(under, colour, alpha):
    """``colour`` with ``alpha`` over a premultiplied picture."""
    top = np.concatenate([np.broadcast_to(colour, under[..., :3].shape) * alpha, alpha], axis=2)
    return under * (1 - alpha) + top
