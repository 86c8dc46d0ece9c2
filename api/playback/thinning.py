"""Reduces a day's counts to what a screen can show, without hiding an extreme. Design: docs/design/playback.md."""

from collections.abc import Sequence

from shike.attendance.tables.counting import SampleRow

_MOST = 1500


def thin(samples: Sequence[SampleRow], most: int = _MOST) -> list[SampleRow]:
    """At most about `most` samples, in order of time. Of each group of neighbours the lowest and highest count stay."""
    if len(samples) <= most:
        return list(samples)
    group = -(-2 * len(samples) // most)
    kept: list[SampleRow] = []
    for start in range(0, len(samples), group):
        part = samples[start : start + group]
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
