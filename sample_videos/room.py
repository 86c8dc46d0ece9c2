"""Rooms: walls, windows, board, lamps and furniture, drawn once per view."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from lens import FINE, HEIGHT, WIDTH, Patch, Sheet, bgr

_TEXELS = 140  # per metre


@dataclass(frozen=True)
class Desk:
    """A desk whose student sits at (x, y) facing the board wall (towards smaller y)."""

    x: float
    y: float
    things: int = 0


@dataclass(frozen=True)
class Room:
    """A room ``width`` x ``depth`` x ``height`` metres; windows in the wall at x = width, doors at x = 0."""

    width: float
    depth: float
    height: float
    desks: tuple[Desk, ...]
    wall: str
    floor: str
    back: str
    doors: tuple[float, ...] = field(default=(1.2, 6.9))


def _plain(width, height, colour, dark=0.84):
    """A wall's surface, darker towards its edges."""
    columns, rows = int(width * _TEXELS), int(height * _TEXELS)
    x = np.minimum(np.arange(columns), np.arange(columns)[::-1]) / _TEXELS
    y = np.minimum(np.arange(rows), np.arange(rows)[::-1]) / _TEXELS
    near = 1 - (1 - dark) * (np.exp(-x / 0.35)[None] + np.exp(-y / 0.35)[:, None])
    return (np.float32(bgr(colour)) * near[..., None]).astype(np.float32)


def _box(surface, x, y, width, height, colour, line=None):
    """A rectangle on a wall; y counts metres from the wall's upper edge."""
    corner = round(x * _TEXELS), round(y * _TEXELS)
    other = round((x + width) * _TEXELS), round((y + height) * _TEXELS)
    cv2.rectangle(surface, corner, other, bgr(colour), -1)
    if line:
        cv2.rectangle(surface, corner, other, bgr(line), 5, cv2.LINE_AA)


def _shade_under(surface, x, y, width, height, strength=0.3):
    mask = np.zeros(surface.shape[:2], np.float32)
    corner = round(x * _TEXELS), round(y * _TEXELS)
    cv2.rectangle(mask, corner, (round((x + width) * _TEXELS), round((y + height) * _TEXELS)), 1.0, -1)
    surface *= 1 - strength * cv2.GaussianBlur(mask, (0, 0), 10)[..., None]


def _poster(surface, x, y, number):
    _shade_under(surface, x + 0.03, y + 0.04, 0.8, 1.0)
    _box(surface, x, y, 0.8, 1.0, "#efe9dc", "#8d7a63")
    _box(surface, x + 0.08, y + 0.08, 0.64, 0.5, ("#c98f5f", "#6f94a8", "#7fa07a")[number % 3])
    centre = round((x + 0.3 + 0.1 * number) * _TEXELS), round((y + 0.36) * _TEXELS)
    cv2.circle(surface, centre, 18, bgr(("#f0d9a8", "#e5eef2", "#f2e2b8")[number % 3]), -1, cv2.LINE_AA)
    for line in range(4):
        _box(surface, x + 0.08, y + 0.66 + 0.075 * line, 0.62 - 0.13 * (line == 3), 0.022, "#9a958c")


def _board(surface, x, y):
    _shade_under(surface, x + 0.03, y + 0.05, 3.2, 1.25)
    _box(surface, x, y, 3.2, 1.2, "#2f5a48", "#b9a98a")
    chalk = np.random.default_rng(5)
    for line in range(5):
        for word in range(4):
            if chalk.random() < 0.8:
                left = x + 0.25 + 0.68 * word
                _box(surface, left, y + 0.2 + 0.19 * line, chalk.uniform(0.25, 0.55), 0.02, "#cfd9cf")
    _box(surface, x, y + 1.2, 3.2, 0.05, "#a39274")


def _clock(surface, x, y):
    centre = round(x * _TEXELS), round(y * _TEXELS)
    cv2.circle(surface, centre, 25, bgr("#3b3f45"), -1, cv2.LINE_AA)
    cv2.circle(surface, centre, 21, bgr("#f4f3ee"), -1, cv2.LINE_AA)
    cv2.line(surface, centre, (centre[0] + 9, centre[1] + 6), bgr("#222222"), 3, cv2.LINE_AA)
    cv2.line(surface, centre, (centre[0] - 8, centre[1] + 13), bgr("#222222"), 2, cv2.LINE_AA)


def _back_wall(room):
    surface = _plain(room.width, room.height, room.wall)
    if room.back == "posters":
        for number, x in enumerate((1.3, 3.0, 5.2)):
            _poster(surface, x, 0.75, number)
        _clock(surface, 4.35, 0.5)
    else:
        _board(surface, 1.7, 0.85)
        _box(surface, 5.3, 0.95, 1.3, 0.9, "#eef1f4", "#aab3bc")
        for line in range(5):
            colour = "#6f8fb8" if line % 2 else "#9aa7b5"
            _box(surface, 5.42, 1.08 + 0.15 * line, 1.05 - 0.2 * (line % 3), 0.04, colour)
        _clock(surface, 5.95, 0.55)
    _skirting(surface, room)
    return surface


def _skirting(surface, room):
    width = surface.shape[1] / _TEXELS
    _box(surface, 0, room.height - 1.0, width, 0.012, "#a8aaa5")
    _box(surface, 0, room.height - 0.1, width, 0.1, "#7b7d7a")


def _window_wall(room):
    surface = _plain(room.depth, room.height, room.wall, dark=0.88)
    _skirting(surface, room)
    for start in np.arange(0.5, room.depth - 1.6, 2.05):
        _pane(surface, float(start), 0.55)
    return surface


def _pane(surface, x, y, width=1.6, height=1.75):
    _shade_under(surface, x, y + height, width, 0.1, 0.35)
    _box(surface, x, y, width, height, "#f4f5f4")
    rows, columns = round((height - 0.12) * _TEXELS), round((width - 0.12) * _TEXELS)
    share = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    sky = np.float32(bgr("#dcecf8")) * (1 - share) + np.float32(bgr("#f6fafc")) * share
    view = np.repeat(sky, columns, axis=1)
    hedge = (0.80 + 0.03 * np.sin(np.arange(columns) / 23 + x)) * rows
    green = np.arange(rows)[:, None] > hedge[None]
    view[green] = view[green] * 0.25 + np.float32(bgr("#b9cdbb")) * 0.75
    top, left = round((y + 0.06) * _TEXELS), round((x + 0.06) * _TEXELS)
    surface[top : top + rows, left : left + columns] = cv2.GaussianBlur(view, (0, 0), 3)
    _box(surface, x + width / 2 - 0.04, y, 0.08, height, "#e2e5e6")
    _box(surface, x, y + 0.5, width, 0.05, "#e2e5e6")
    _box(surface, x - 0.06, y + height, width + 0.12, 0.06, "#d9dcdb")


def _door_wall(room):
    surface = _plain(room.depth, room.height, room.wall)
    _skirting(surface, room)
    for y in room.doors:
        if y + 0.5 < room.depth:
            _box(surface, y - 0.5, room.height - 2.15, 1.0, 2.15, "#8a6a4a", "#5d4834")
            _box(surface, y - 0.25, room.height - 1.95, 0.5, 0.6, "#c8d4d8", "#5d4834")
            _box(surface, y + 0.33, room.height - 1.05, 0.09, 0.05, "#d8d2c4")
    _box(surface, 3.2, 0.9, 2.0, 1.1, "#b98f62", "#7d6144")
    for number in range(6):
        _box(
            surface,
            3.3 + 0.62 * (number % 3),
            1.0 + 0.48 * (number // 3),
            0.5,
            0.38,
            ("#f2efe6", "#dfe8ee")[number % 2],
        )
    return surface


def _floor(room):
    surface = _plain(room.width, room.depth, room.floor, dark=0.9)
    grain = np.random.default_rng(2)
    board = round(0.16 * _TEXELS)
    for left in range(0, surface.shape[1], board):
        surface[:, left : left + board] *= grain.uniform(0.965, 1.03)
        surface[:, left : left + 1] *= 0.88
    for desk in room.desks:
        _shade_under(surface, desk.x - 0.55, desk.y - 0.72, 1.1, 0.95, 0.42)
    for start in np.arange(0.5, room.depth - 1.6, 2.05):  # daylight under each window
        mask = np.zeros(surface.shape[:2], np.float32)
        quad = np.array([[room.width - 0.4, start], [room.width - 0.4, start + 1.4], [room.width - 2.2, start + 1.9]])
        quad = np.vstack([quad, [room.width - 2.2, start + 0.5]])
        cv2.fillPoly(mask, [(quad * _TEXELS).astype(np.int32)], 1.0)
        surface *= 1 + 0.16 * cv2.GaussianBlur(mask, (0, 0), 22)[..., None]
    return surface


def _ceiling(room):
    surface = _plain(room.width, room.depth, "#cfd1cf", dark=0.86)
    for x in (room.width * 0.28, room.width * 0.72):
        for y in np.arange(1.2, room.depth - 0.8, 2.3):
            mask = np.zeros(surface.shape[:2], np.float32)
            corner = round((x - 0.1) * _TEXELS), round(y * _TEXELS)
            cv2.rectangle(mask, corner, (round((x + 0.1) * _TEXELS), round((y + 1.25) * _TEXELS)), 1.0, -1)
            surface += 0.22 * cv2.GaussianBlur(mask, (0, 0), 40)[..., None]
            surface += cv2.GaussianBlur(mask, (0, 0), 1)[..., None]
    return np.clip(surface, 0, 1)


def empty_room(room, lens):
    """The empty room as a lens sees it (float32 720x1280x3), and how much daylight reaches each pixel."""
    canvas = np.full((HEIGHT * FINE, WIDTH * FINE, 3), 0.5, np.float32)
    day = np.zeros((HEIGHT * FINE, WIDTH * FINE), np.float32)
    w, d, h = room.width, room.depth, room.height

    def lay(surface, corners, daylight):
        """``corners``: the surface's upper left, upper right, lower right and lower left corner in the room."""
        surface, corners = _in_front(lens, surface, np.array(corners, float))
        rows, columns = surface.shape[:2]
        source = np.float32([[0, 0], [columns, 0], [columns, rows], [0, rows]])
        matrix = cv2.getPerspectiveTransform(source, np.float32(lens.project(corners) * FINE))
        size = (WIDTH * FINE, HEIGHT * FINE)
        mask = cv2.warpPerspective(np.ones((rows, columns), np.float32), matrix, size)[..., None]
        canvas[:] = canvas * (1 - mask) + cv2.warpPerspective(surface, matrix, size, flags=cv2.INTER_AREA) * mask
        day[:] = day * (1 - mask[..., 0]) + mask[..., 0] * daylight

    lay(_ceiling(room), [(0, 0, h), (w, 0, h), (w, d, h), (0, d, h)], 0.5)
    lay(_floor(room), [(0, 0, 0), (w, 0, 0), (w, d, 0), (0, d, 0)], 0.9)
    lay(_door_wall(room), [(0, 0, h), (0, d, h), (0, d, 0), (0, 0, 0)], 0.8)
    lay(_window_wall(room), [(w, 0, h), (w, d, h), (w, d, 0), (w, 0, 0)], 1.0)
    lay(_back_wall(room), [(0, d, h), (w, d, h), (w, d, 0), (0, d, 0)], 0.7)
    size = (WIDTH, HEIGHT)
    return cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), cv2.resize(day, size)[..., None]


def _in_front(lens, surface, corners):
    """Cut off the part behind the lens, so that four corners define the projection."""
    for _ in range(2):
        depths = lens.depth(corners)
        if depths.min() > 0.3:
            break
        rows, columns = surface.shape[:2]
        along_rows = abs(depths[3] - depths[0]) > abs(depths[1] - depths[0])
        keep = np.linspace(0, 1, 400)
        first, second = (corners[[0, 1]], corners[[3, 2]]) if along_rows else (corners[[0, 3]], corners[[1, 2]])
        ahead = [min(lens.depth(first + (second - first) * share)) > 0.3 for share in keep]
        start, end = keep[ahead.index(True)], keep[len(ahead) - 1 - ahead[::-1].index(True)]
        low, high = first + (second - first) * start, first + (second - first) * end
        if along_rows:
            surface = surface[round(start * rows) : round(end * rows)]
            corners = np.array([low[0], low[1], high[1], high[0]])
        else:
            surface = surface[:, round(start * columns) : round(end * columns)]
            corners = np.array([low[0], high[0], high[1], low[1]])
    return surface, corners


_TOP, _FRONT, _SIDE = bgr("#c2a07a"), bgr("#7d634a"), bgr("#68523d")


def draw_desk(desk, lens):
    """A desk and the things on it, as a patch."""
    x0, x1, y0, y1, top = desk.x - 0.43, desk.x + 0.43, desk.y - 0.68, desk.y - 0.2, 0.75
    corners = [(x, y, z) for x in (x0, x1) for y in (y0, y1) for z in (0, top + 0.25)]
    sheet = Sheet(lens.project(corners), 4)

    def face(points, colour, far=None):
        sheet.polygon(lens.project(points), colour, far)

    dark = tuple(0.72 * part for part in _FRONT)
    side = x1 if lens.place[0] > desk.x else x0
    if (lens.place[0] > x1) or (lens.place[0] < x0):
        face(
            [(side, y0, 0.05), (side, y0, top), (side, y1, top), (side, y1, 0.05)], tuple(0.7 * c for c in _SIDE), _SIDE
        )
    face([(x0, y0, 0.12), (x0, y0, top), (x1, y0, top), (x1, y0, 0.12)], dark, _FRONT)
    for x in (x0 + 0.02, x1 - 0.02):
        face([(x - 0.02, y0, 0), (x - 0.02, y0, 0.2), (x + 0.02, y0, 0.2), (x + 0.02, y0, 0)], bgr("#4c4640"))
    light = tuple(1.05 * c for c in _TOP)
    face(
        [(x0 - 0.02, y0 - 0.02, top), (x1 + 0.02, y0 - 0.02, top), (x1 + 0.02, y1, top), (x0 - 0.02, y1, top)],
        _TOP,
        light,
    )
    lip = top - 0.035
    edge = [
        (x0 - 0.02, y0 - 0.02, top),
        (x1 + 0.02, y0 - 0.02, top),
        (x1 + 0.02, y0 - 0.02, lip),
        (x0 - 0.02, y0 - 0.02, lip),
    ]
    face(edge, bgr("#9a7c5b"))
    _things(desk, face, top + 0.004)
    return sheet.patch()


def _things(desk, face, z):
    choice = np.random.default_rng(desk.things)

    def flat(x, y, width, height, angle, colour):
        c, s = np.cos(angle), np.sin(angle)
        around = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
        points = [(a * width / 2, b * height / 2) for a, b in around]
        face([(desk.x + x + c * u - s * v, desk.y - 0.44 + y + s * u + c * v, z) for u, v in points], colour)

    if desk.things % 4 == 0:  # a laptop at the desk's side, its lid towards us
        x, y = desk.x + 0.22, desk.y - 0.5
        flat(0.22, 0.06, 0.32, 0.2, 0.0, bgr("#8e959d"))
        lid = [
            (x - 0.16, y - 0.06, z),
            (x + 0.16, y - 0.06, z),
            (x + 0.16, y - 0.1, z + 0.2),
            (x - 0.16, y - 0.1, z + 0.2),
        ]
        face(lid, bgr("#2f4470"), bgr("#41598c"))
    else:
        flat(0.26, 0.0, 0.16, 0.23, choice.uniform(-0.4, 0.4), bgr(("#3f5f8f", "#8c3f3f", "#4f7a5d")[desk.things % 3]))
    flat(-0.08, 0.02, 0.22, 0.3, choice.uniform(-0.3, 0.3), bgr("#f3f2ec"))
    if choice.random() < 0.5:
        flat(-0.3, 0.0, 0.2, 0.28, choice.uniform(-0.5, 0.5), bgr("#e9ebee"))


def draw_chair(desk, lens):
    """The chair behind a desk: seat and back, blue."""
    x, y = desk.x, desk.y + 0.05
    points = [(x + a * 0.24, y + b, z) for a in (-1, 1) for b in (-0.2, 0.28) for z in (0, 0.92)]
    sheet = Sheet(lens.project(points), 3)
    steel, blue, deep = bgr("#54585d"), bgr("#3f5f95"), bgr("#2e4775")
    for a in (-0.2, 0.2):
        for b in (-0.15, 0.2):
            sheet.solid(lens.project([(x + a, y + b, 0), (x + a, y + b, 0.45)]), steel, 0.014 * lens.scale((x, y, 0.4)))
    sheet.polygon(
        lens.project(
            [(x - 0.21, y - 0.2, 0.45), (x + 0.21, y - 0.2, 0.45), (x + 0.21, y + 0.2, 0.45), (x - 0.21, y + 0.2, 0.45)]
        ),
        deep,
    )
    back = [(x - 0.21, y + 0.24, 0.5), (x + 0.21, y + 0.24, 0.5), (x + 0.2, y + 0.28, 0.9), (x - 0.2, y + 0.28, 0.9)]
    sheet.polygon(lens.project(back), deep, blue)
    return sheet.patch()


__all__ = ["Desk", "Patch", "Room", "draw_chair", "draw_desk", "empty_room"]
