"""Thinning a day's counts to what a screen can show, without hiding an extreme."""

from collections.abc import Sequence

from shike.attendance.tables.counting import SampleRow

_MOST = 1500


def thin(samples: Sequence[SampleRow], most: int = _MOST) -> list[SampleRow]:
    """At most about `most` samples in order of time: of each stretch the lowest and the highest count stay."""
    if len(samples) <= most:
        return list(samples)
    stretch = -(-2 * len(samples) // most)
    kept: list[SampleRow] = []
    for start in range(0, len(samples), stretch):
        part = samples[start : start + stretch]
        counted = [sample for sample in part if sample.count is not None]
        if not counted:
            kept.append(part[0])
            continue
        ends = {
            id(each): each
            for each in (min(counted, key=lambda s: s.count or 0), max(counted, key=lambda s: s.count or 0))
        }
        kept.extend(sorted(ends.values(), key=lambda sample: sample.picture_at))
    return kept
