"""The two rooms of the sample videos and the three views of them."""

from lens import Lens
from room import Desk, Room


def _grid(columns, rows):
    return tuple(
        Desk(x + 0.06 * ((3 * r + c) % 3 - 1), y, things=7 * r + 3 * c)
        for r, y in enumerate(rows)
        for c, x in enumerate(columns)
    )


ROOM_A = Room(
    7.7, 7.8, 3.25, _grid((1.3, 2.6, 3.9, 5.2, 6.5), (2.6, 3.6, 4.65, 5.7, 6.75)), "#c9cac6", "#8f8172", "posters"
)
ROOM_B = Room(
    7.3, 7.6, 3.25, _grid((1.2, 2.45, 3.7, 4.95, 6.2), (2.55, 3.55, 4.55, 5.55, 6.55)), "#c3cacd", "#7f8f8a", "board"
)

VIEWS = {
    "room-a-front": (0, ROOM_A, Lens((1.3, 0.1, 2.95), (4.2, 5.4, 1.12), 915), "ROOM A  CAM 1"),
    "room-a-rear": (1, ROOM_A, Lens((6.7, 0.2, 2.95), (3.2, 5.4, 1.12), 905), "ROOM A  CAM 2"),
    "room-b": (2, ROOM_B, Lens((1.9, 0.0, 2.95), (3.85, 5.2, 1.12), 915), "ROOM B  CAM 1"),
}
"""Clip name → (view number of the strip, room, lens, label in the picture)."""

SEATS_A = (1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 21, 22, 23)
SEATS_B = (1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 22, 23, 24)
"""The seats that are used, as indices of a room's desks: those whose faces no other person hides."""
