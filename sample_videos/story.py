"""Who is where at which time: seats, ways in and out, and what a seated student does."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from people import Stance

_SPEED = 1.45  # metres per second
_SIT_S = 0.8
_TO_BOARD = (0.0, -1.0)


def _ease(share):
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)


@dataclass(frozen=True)
class Part:
    """One person's part: a seat, when the person comes in (None: present at the start) and gets up (None: stays)."""

    number: int
    desk: object
    room: object
    enters_s: float | None
    leaves_s: float | None
    seed: int
    holds: tuple = field(default=(), compare=False)

    def way_in(self):
        """From the back door along the back wall and the aisle to the seat."""
        aisle = self.desk.x - 0.62
        back = self.room.depth - 0.55 - 0.3 * (self.number % 2)
        return [
            (-0.1, self.room.doors[1]),
            (0.7, self.room.doors[1]),
            (aisle, back),
            (aisle, self.desk.y),
            (self.desk.x, self.desk.y),
        ]

    def way_out(self):
        """Along the aisle to the front and out below the picture."""
        aisle = self.desk.x - 0.62
        return [(self.desk.x, self.desk.y), (aisle, self.desk.y), (aisle, 1.6), (aisle - 0.3, -1.2)]

    def stance(self, at_s):
        """(stance, gaze as a unit vector on the floor, bow in degrees), or None while the person is away."""
        if self.enters_s is not None:
            if at_s < self.enters_s:
                return None
            walking = _along(self.way_in(), (at_s - self.enters_s) * _SPEED)
            if walking:
                return _walker(*walking)
            seated_since = self.enters_s + _length(self.way_in()) / _SPEED
        else:
            seated_since = -100.0
        up = 1 - _ease((at_s - seated_since) / _SIT_S)
        if self.leaves_s is not None and at_s > self.leaves_s:
            up = _ease((at_s - self.leaves_s) / _SIT_S)
            if at_s > self.leaves_s + _SIT_S:
                walking = _along(self.way_out(), (at_s - self.leaves_s - _SIT_S) * _SPEED)
                return _walker(*walking) if walking else None
        return self._seated(at_s, up)

    def _seated(self, at_s, up):
        lean, turn, bow, write = self._hold(at_s)
        angle = np.radians(turn)
        gaze = (np.sin(angle), -np.cos(angle))
        settled = 1 - up
        stance = Stance(
            self.desk.x, self.desk.y, _TO_BOARD, round(up, 2), round(lean * settled * 5) / 5, None, write * settled
        )
        return stance, gaze, bow * settled

    def _hold(self, at_s):
        """The student's posture: it is held for some seconds, then changes within 0.7 s."""
        times = self.holds
        index = max(0, int(np.searchsorted([hold[0] for hold in times], at_s, side="right")) - 1)
        before, now = times[max(0, index - 1)], times[index]
        share = _ease((at_s - now[0]) / 0.7)
        lean, turn, bow = (before[i] * (1 - share) + now[i] * share for i in (1, 2, 3))
        writing = now[4] and int(at_s * 3 + self.seed) % 3 == 0
        return lean, turn, bow, 1.0 if writing else 0.0


def part(number, desk, room, enters_s, leaves_s, seed):
    """A part with random postures by a seed: looking ahead, looking aside, bowing over the desk, writing."""
    choice = np.random.default_rng(seed * 1000 + number)
    holds, at_s = [], -5.0
    while at_s < 70:
        kind = choice.choice(["ahead", "ahead", "bow", "aside", "write"])
        turn = choice.uniform(-12, 12) if kind != "aside" else choice.choice([-1, 1]) * choice.uniform(20, 38)
        lean, bow = {"ahead": (0.0, 2.0), "aside": (0.1, 3.0), "bow": (0.6, 19.0), "write": (0.9, 14.0)}[str(kind)]
        holds.append((at_s, lean, float(turn), bow + float(choice.uniform(-2, 2)), kind == "write"))
        at_s += float(choice.uniform(2.0, 6.0))
    return Part(number, desk, room, enters_s, leaves_s, seed * 37 + number, tuple(holds))


def _length(way):
    return sum(float(np.hypot(b[0] - a[0], b[1] - a[1])) for a, b in pairwise(way))


def _along(way, metres):
    """(x, y, heading, metres gone) on a way, or None after its end."""
    gone = metres
    for (ax, ay), (bx, by) in pairwise(way):
        leg = float(np.hypot(bx - ax, by - ay))
        if gone <= leg:
            heading = (bx - ax) / leg, (by - ay) / leg
            return ax + heading[0] * gone, ay + heading[1] * gone, heading, metres
        gone -= leg
    return None


def _walker(x, y, heading, metres):
    return Stance(x, y, heading, 1.0, 0.0, metres * 4.4), heading, 2.0


def class_in_room_b(room, seats):
    """The room is empty for 8 s; twenty people come in, sit and leave; the last 6 s it is empty again."""
    order = np.random.default_rng(8).permutation(len(seats))
    leaving = np.random.default_rng(9).permutation(len(seats))
    return [
        part(number, room.desks[seats[number]], room, 8.3 + 0.82 * order[number], 42.0 + 0.5 * leaving[number], 3)
        for number in range(len(seats))
    ]


def class_in_room_a(room, seats):
    """Twenty people; four come late, three leave before the end."""
    late = {2: 4.0, 7: 13.0, 11: 6.5, 16: 24.0}
    early = {4: 40.0, 9: 47.0, 13: 55.0}
    return [
        part(number, room.desks[seat], room, late.get(number), early.get(number), 4)
        for number, seat in enumerate(seats)
    ]
