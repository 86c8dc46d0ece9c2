"""Spans of time: [from, to) in microseconds UTC, and their union."""

from collections.abc import Iterable

Span = tuple[int, int]
"""[from, to) in µs UTC."""


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The union of the spans, sorted, without overlap. Drops empty spans and joins spans that touch."""
    union: list[Span] = []
    for begin, end in sorted(each for each in spans if each[0] < each[1]):
        if union and begin <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        else:
            union.append((begin, end))
    return tuple(union)
