"""People: looks chosen by a seed, and bodies of rounded parts between joints in room coordinates."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from heads import CENTRE, PIXELS_PER_METRE, SIZE, Head, Look
from lens import Patch, Sheet, bgr

_SKINS = ("#e0b596", "#d8a988", "#cf9d7b", "#e6bfa2", "#c8946f", "#dcae8c")
_HAIRS = ("#17161a", "#1f1b1b", "#2a211d", "#15181d", "#3d2c22", "#241d1b", "#54392a", "#191a1d", "#6f6a66")
_CLOTHES = (
    "#2f4a6b",
    "#6b2f36",
    "#3d5b4a",
    "#8c8f94",
    "#c9c4b8",
    "#5b4a6e",
    "#7a5a3c",
    "#2b2f36",
    "#4f7f93",
    "#b5553f",
    "#d8d9dc",
    "#395a86",
    "#93806a",
    "#56704a",
    "#a9798a",
)
_INNER = ("#d9d7d0", "#b9c3cc", "#3a3f47", "#8a97a3", "#cdbfae")
_STYLES = (
    "short",
    "crop",
    "parted",
    "fringe",
    "bob",
    "long",
    "bun",
    "tail",
    "short",
    "crop",
    "parted",
    "cap",
    "receding",
    "fringe",
)
_KINDS = ("shirt", "tee", "jacket", "hoodie", "vest")


@dataclass(frozen=True)
class Stance:
    """The posture of a body at one time. ``up``: 0 sitting .. 1 standing. ``lean``: 0 upright .. 1 over the desk.

    ``stride``: walking phase in radians (None: not walking). ``heading``: a unit vector on the floor.
    """

    x: float
    y: float
    heading: tuple[float, float]
    up: float
    lean: float = 0.0
    stride: float | None = None
    write: float = 0.0


class Person:
    """One person: number, head, clothes, stature."""

    def __init__(self, number, seed):
        choice = np.random.default_rng(seed * 1000 + number)
        self.number = number
        skin = np.array(bgr(_SKINS[number % len(_SKINS)])) * choice.uniform(0.86, 1.02)
        look = Look(
            blend=float((0.0, 0.22, 0.42, 0.1, 0.55, 0.3)[(number * 5 + seed) % 6]),
            mirrored=bool(choice.integers(2)),
            width=float(choice.uniform(0.93, 1.07)),
            skin=tuple(skin),
            style=_STYLES[(number * 5 + seed) % len(_STYLES)],
            hair=bgr(_HAIRS[(number * 4 + seed) % len(_HAIRS)]),
            glasses=bool(choice.random() < 0.25),
            contrast=float(choice.uniform(1.0, 1.2)),
            slant=float(choice.uniform(-14, 14)),
        )
        self.head = Head(look, seed * 100 + number)
        self.skin = tuple(np.array(look.skin) * 0.93)
        self.cloth = bgr(_CLOTHES[(number * 4 + seed) % len(_CLOTHES)])
        self.inner = bgr(_INNER[choice.integers(len(_INNER))])
        self.trousers = bgr(("#2a2d35", "#3b4252", "#4a4238")[number % 3])
        self.kind = _KINDS[(number + seed) % len(_KINDS)]
        self.stature = float(choice.uniform(0.95, 1.03))
        self.girth = float(choice.uniform(0.92, 1.12))

    def head_place(self, stance):
        """The centre of the head, in room coordinates."""
        forward = 0.02 + 0.24 * stance.lean
        up = (1.25 + 0.42 * stance.up) * self.stature - 0.09 * stance.lean
        bob = 0.015 * abs(np.sin(stance.stride)) if stance.stride is not None else 0.0
        return np.array([stance.x + forward * stance.heading[0], stance.y + forward * stance.heading[1], up + bob])

    def head_patch(self, stance, lens, yaw, pitch):
        """The head as a lens sees it, the hair behind the neck, and the face's rectangle (x0, y0, x1, y1)."""
        place = self.head_place(stance)
        scale = lens.scale(place) / PIXELS_PER_METRE
        centre = lens.project(place)[0]
        layers = _reduced(self.head, round(yaw / 3), round(pitch / 3), round(scale * 60) / 60)
        left, top = centre - np.array(CENTRE) * scale
        x, y = int(np.floor(left)), int(np.floor(top))
        size = int(np.ceil(SIZE[0] * scale)) + 2, int(np.ceil(SIZE[1] * scale)) + 2
        factor = scale * SIZE[0] / layers[0].shape[1]
        matrix = np.float32([[factor, 0, left - x], [0, factor, top - y]])
        moved = [
            cv2.warpAffine(layer, matrix, size, flags=cv2.INTER_LINEAR).astype(np.float32) / 255 for layer in layers
        ]
        front, behind = (Patch(x, y, layer[..., :3], layer[..., 3:]) for layer in moved)
        turned = 26 * np.sin(np.radians(yaw)) * scale
        face_x, face_y = centre[0] + turned, centre[1] + (20 + 60 * np.sin(np.radians(pitch))) * scale
        face = (face_x - 56 * scale, face_y - 70 * scale, face_x + 56 * scale, face_y + 72 * scale)
        return front, behind, face

    def body(self, stance, lens):
        """(the body, the forearms on the desk or None)."""
        return _Body(self, stance, lens).draw()


@lru_cache(maxsize=6000)
def _reduced(head, yaw, pitch, scale):
    size = max(8, round(SIZE[0] * scale)), max(8, round(SIZE[1] * scale))
    layers = head.posed(yaw * 3, pitch * 3)
    return tuple(cv2.resize(layer, size, interpolation=cv2.INTER_AREA) for layer in layers)


class _Body:
    def __init__(self, person, stance, lens):
        self.person, self.stance, self.lens = person, stance, lens
        self.scale = lens.scale((stance.x, stance.y, 1.0))
        head = lens.project(
            [self.joint(side, ahead, up) for side in (-0.36, 0.36) for ahead in (-0.3, 0.5) for up in (0, 1.5)]
        )
        self.sheet = Sheet(head, 0.1 * self.scale)

    def joint(self, side, ahead, up):
        """A point of the body: metres to its side, ahead of it, and above the floor."""
        hx, hy = self.stance.heading
        side = side * self.person.girth
        return (
            self.stance.x + ahead * hx - side * hy,
            self.stance.y + ahead * hy + side * hx,
            up * self.person.stature,
        )

    def limb(self, sheet, joints, colour, radius):
        r = radius * self.scale
        sheet.solid(self.lens.project([self.joint(*one) for one in joints]), colour, r, max(1.5, 1.1 * r))

    def draw(self):
        person, stance, sheet = self.person, self.stance, self.sheet
        hip = 0.48 + 0.40 * stance.up
        chest = hip + 0.53 - 0.05 * stance.lean
        lean = 0.17 * stance.lean
        self._legs(hip)
        outline = [(-0.15, lean, chest), (0.15, lean, chest), (0.165, lean * 0.6, chest - 0.2), (0.13, 0, hip)]
        outline += [(-0.13, 0, hip), (-0.165, lean * 0.6, chest - 0.2)]
        pixels = self.lens.project([self.joint(*one) for one in outline])
        sheet.solid(pixels, person.cloth, 0.055 * self.scale, 0.12 * self.scale, closed=True)
        self._front(chest, hip, lean)
        self.limb(
            sheet, [(0, lean, chest + 0.0), (0, lean + 0.02, chest + 0.13)], tuple(0.8 * c for c in person.skin), 0.055
        )
        self._collar(chest, lean)
        return self._arms(chest, lean)

    def _legs(self, hip):
        stance = self.stance
        if stance.up < 0.05:
            return  # under the desk
        swing = 0.0 if stance.stride is None else 0.22 * np.sin(stance.stride)
        for side, step in ((-0.09, swing), (0.09, -swing)):
            bent = 0.4 * (1 - stance.up)
            knee = (side, 0.5 * step + bent, hip - 0.42 * stance.up - 0.02)
            foot = (side, step + bent * 0.8, 0.06 + 0.25 * max(0.0, -step))
            self.limb(self.sheet, [(side, 0, hip), knee, foot], self.person.trousers, 0.07)
            self.limb(self.sheet, [foot, (side, foot[1] + 0.1, foot[2] - 0.03)], bgr("#26262a"), 0.04)

    def _front(self, chest, hip, lean):
        person = self.person
        if person.kind in ("jacket", "vest"):
            strip = [
                (-0.045, lean + 0.09, chest + 0.03),
                (0.045, lean + 0.09, chest + 0.03),
                (0.03, 0.09, hip),
                (-0.03, 0.09, hip),
            ]
            self.sheet.solid(
                self.lens.project([self.joint(*one) for one in strip]), person.inner, 0, 0.1 * self.scale, closed=True
            )
        if person.kind == "shirt":
            line = [(0, lean + 0.1, chest), (0, 0.1, hip)]
            self.limb(self.sheet, line, tuple(0.8 * c for c in person.cloth), 0.006)

    def _collar(self, chest, lean):
        person = self.person
        if person.kind in ("shirt", "jacket"):
            light = tuple(min(1.0, 1.12 * c + 0.03) for c in (person.cloth if person.kind == "shirt" else person.inner))
            for side in (-1, 1):
                points = [(side * 0.075, lean + 0.02, chest + 0.075), (0.0, lean + 0.07, chest + 0.03)]
                self.limb(self.sheet, points, light, 0.014)
        elif person.kind == "hoodie":
            ring = [
                (-0.1, lean, chest + 0.05),
                (-0.04, lean + 0.07, chest + 0.02),
                (0.04, lean + 0.07, chest + 0.02),
                (0.1, lean, chest + 0.05),
            ]
            self.limb(self.sheet, ring, tuple(0.85 * c for c in person.cloth), 0.035)
        else:
            ring = [
                (-0.07, lean + 0.02, chest + 0.06),
                (0.0, lean + 0.08, chest + 0.03),
                (0.07, lean + 0.02, chest + 0.06),
            ]
            self.limb(self.sheet, ring, tuple(0.8 * c for c in person.cloth), 0.014)

    def _arms(self, chest, lean):
        """Draw the arms. The forearms of a sitting person go on a separate sheet, which is drawn over the desk."""
        person, stance = self.person, self.stance
        on_desk = stance.up < 0.3
        sheet = (
            Sheet(
                self.lens.project([self.joint(a, b, c) for a in (-0.34, 0.34) for b in (0, 0.6) for c in (0.7, 0.95)]),
                6,
            )
            if on_desk
            else self.sheet
        )
        sleeve = person.skin if person.kind == "tee" else person.cloth
        swing = 0.0 if stance.stride is None else 0.2 * np.sin(stance.stride)
        for side in (-1, 1):
            shoulder = (side * 0.185, lean, chest - 0.02)
            if on_desk:
                elbow = (side * 0.27, lean * 0.5 + 0.14, 0.80)
                hand = (side * (0.1 - 0.02 * stance.write) + 0.02 * stance.write, 0.40 + 0.02 * stance.write, 0.785)
            else:
                elbow = (side * 0.25, 0.02 + 0.4 * side * swing, chest - 0.28)
                hand = (side * 0.23, 0.1 + 0.9 * side * swing, chest - 0.5)
            dark = tuple(0.92 * c for c in person.cloth)
            self.limb(self.sheet, [shoulder, elbow], dark, 0.056)
            self.limb(sheet, [elbow, hand], sleeve, 0.044 if person.kind != "tee" else 0.036)
            self.limb(sheet, [hand, (hand[0] * 0.85, hand[1] + 0.06, hand[2])], person.skin, 0.036)
        return self.sheet.patch(), sheet.patch() if on_desk else None
