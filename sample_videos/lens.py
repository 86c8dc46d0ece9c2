"""Projection of the room into a picture (a pinhole camera), and the premultiplied patches that are drawn.

Room coordinates are metres: x along the board wall, y away from it, z up. Pictures are BGR.
"""

import cv2
import numpy as np

WIDTH, HEIGHT = 1280, 720
FINE = 2
"""Things are drawn this many times larger and then reduced, which smooths their edges."""


class Lens:
    """A camera at ``place`` that looks at ``target``; ``focal`` in pixels of the finished picture."""

    def __init__(self, place, target, focal=900.0):
        self.place = np.array(place, float)
        self.focal = focal
        forward = np.array(target, float) - self.place
        self.forward = forward / np.linalg.norm(forward)
        right = np.cross(self.forward, (0.0, 0.0, 1.0))
        self.right = right / np.linalg.norm(right)
        self.down = np.cross(self.forward, self.right)

    def depth(self, points):
        """Metres along the viewing direction."""
        return (np.asarray(points, float) - self.place) @ self.forward

    def project(self, points):
        """Pixels (Nx2, not rounded) of points (Nx3)."""
        relative = np.atleast_2d(np.asarray(points, float)) - self.place
        depth = np.maximum(relative @ self.forward, 0.05)
        x = WIDTH / 2 + self.focal * (relative @ self.right) / depth
        y = HEIGHT / 2 + self.focal * (relative @ self.down) / depth
        return np.stack([x, y], axis=1)

    def scale(self, point):
        """Pixels per metre at a point."""
        return self.focal / max(0.05, float(self.depth(point)))


class Patch:
    """Premultiplied float32 colour (HxWx3) and alpha (HxWx1), 0..1, and its upper left corner in the picture.

    It is cropped to what is not transparent.
    """

    def __init__(self, x, y, colour, alpha):
        rows, columns = np.flatnonzero(alpha.any(axis=(1, 2))), np.flatnonzero(alpha.any(axis=(0, 2)))
        top, left = (int(rows[0]), int(columns[0])) if rows.size else (0, 0)
        cut = slice(top, int(rows[-1]) + 1 if rows.size else 1), slice(left, int(columns[-1]) + 1 if rows.size else 1)
        self.x, self.y = x + left, y + top
        self.colour = np.ascontiguousarray(colour[cut])
        self.alpha = alpha[cut]
        self._keep = np.repeat(1 - self.alpha, 3, axis=2)  # three channels: several times faster in numpy

    def onto(self, picture, light=1.0):
        """Draw the patch over a float32 BGR picture (0..1), with its colour multiplied by ``light``."""
        height, width = self.alpha.shape[:2]
        x0, y0 = max(0, self.x), max(0, self.y)
        x1, y1 = min(WIDTH, self.x + width), min(HEIGHT, self.y + height)
        if x0 >= x1 or y0 >= y1:
            return
        inner = slice(y0 - self.y, y1 - self.y), slice(x0 - self.x, x1 - self.x)
        part = picture[y0:y1, x0:x1]
        part *= self._keep[inner]
        part += self.colour[inner] * np.float32(light)


class Sheet:
    """A transparent sheet around some points of a picture, ``FINE`` times larger; parts are drawn over each other."""

    def __init__(self, pixels, margin):
        low = np.floor(np.min(pixels, axis=0) - margin).astype(int)
        high = np.ceil(np.max(pixels, axis=0) + margin).astype(int)
        low = np.maximum(low, (-WIDTH, -HEIGHT))
        high = np.minimum(high, (2 * WIDTH, 2 * HEIGHT))
        self.x, self.y = int(low[0]), int(low[1])
        size = np.maximum(high - low, 2)
        self.colour = np.zeros((size[1] * FINE, size[0] * FINE, 3), np.float32)
        self.alpha = np.zeros((size[1] * FINE, size[0] * FINE, 1), np.float32)

    def polygon(self, pixels, colour, far_colour=None):
        """A filled polygon; with ``far_colour`` a gradient from that colour (top) to ``colour`` (bottom)."""
        part, fine = self._part(pixels, 2)
        mask = np.zeros(self.alpha[part].shape[:2], np.uint8)
        cv2.fillPoly(mask, [fine], 255, cv2.LINE_AA, 4)
        paint = np.asarray(colour, np.float32)
        if far_colour is not None:
            tops = np.asarray(pixels)[:, 1]
            rows = (np.arange(mask.shape[0]) + part[0].start) / FINE + self.y
            share = np.clip((rows - tops.min()) / max(1e-6, np.ptp(tops)), 0, 1)[:, None, None].astype(np.float32)
            paint = np.asarray(far_colour, np.float32) * (1 - share) + paint * share
        self._lay(part, mask, paint)

    def solid(self, pixels, colour, radius=0.0, round_px=6.0, closed=False):
        """A rounded body: a thick line through the points, or their filled outline, darker towards its edge."""
        part, fine = self._part(pixels, radius + 2)
        mask = np.zeros(self.alpha[part].shape[:2], np.uint8)
        if mask.size == 0:
            return
        if closed:
            cv2.fillPoly(mask, [fine], 255, cv2.LINE_AA, 4)
        if radius > 0:
            width = max(1, round(2 * radius * FINE))
            cv2.polylines(mask, [fine.reshape(-1, 1, 2)], closed, 255, width, cv2.LINE_AA, 4)
        inside = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
        shade = 0.62 + 0.38 * np.sqrt(np.clip(inside / (round_px * FINE), 0, 1))
        self._lay(part, mask, np.asarray(colour, np.float32) * shade[..., None])

    def _part(self, pixels, margin):
        """The part of the sheet around some points, and the points within it in 16ths of a fine pixel."""
        fine = (np.asarray(pixels, float) - (self.x, self.y)) * FINE
        low = np.maximum(np.floor(fine.min(axis=0) - margin * FINE), 0).astype(int)
        high = np.maximum(np.ceil(fine.max(axis=0) + margin * FINE), 0).astype(int)
        part = slice(low[1], min(high[1], self.alpha.shape[0])), slice(low[0], min(high[0], self.alpha.shape[1]))
        return part, np.round((fine - low) * 16).astype(np.int32)

    def _lay(self, part, mask, paint):
        alpha = mask[..., None].astype(np.float32) / 255
        self.colour[part] *= 1 - alpha
        self.colour[part] += paint * alpha
        self.alpha[part] *= 1 - alpha
        self.alpha[part] += alpha

    def patch(self):
        """The sheet reduced to the picture's size."""
        size = (self.alpha.shape[1] // FINE, self.alpha.shape[0] // FINE)
        colour = cv2.resize(self.colour, size, interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(self.alpha, size, interpolation=cv2.INTER_AREA)[..., None]
        return Patch(self.x, self.y, colour, alpha)


def bgr(text):
    """'#rrggbb' as floats 0..1 in the order blue, green, red."""
    return tuple(int(text[i : i + 2], 16) / 255 for i in (5, 3, 1))
