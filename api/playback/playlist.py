"""HLS playlists of recorded footage: pieces of footage → text. Pure functions.

An entry is one or more whole groups of pictures, so a player can start at any entry. Every entry has its wall time; a
new run is a discontinuity with its own init section. RFC 8216, version 7. Design: docs/design/playback.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from shike.api.playback.footage import segment_url
from shike.attendance.footage.index import Piece
from shike.capture.archive.segment import Fragment
from shike.capture.moment import from_us

_ENTRY_US = 4_000_000
_TRACKS = "#EXT-X-SHIKE-TRACKS:"


@dataclass(frozen=True, slots=True)
class PlaylistEntry:
    """Consecutive fragments of one segment; the first is a keyframe."""

    fragments: tuple[Fragment, ...]

    @property
    def offset(self) -> int:
        return self.fragments[0].offset

    @property
    def size(self) -> int:
        return self.fragments[-1].end - self.offset

    @property
    def wall_us(self) -> int:
        return self.fragments[0].wall_us

    @property
    def seconds(self) -> float:
        return sum(fragment.duration_us for fragment in self.fragments) / 1_000_000


def entries(
    fragments: Iterable[Fragment], start_us: int, end_us: int, entry_us: int = _ENTRY_US
) -> Iterator[PlaylistEntry]:
    """The groups of pictures that touch [start, end), joined to entries of at least `entry_us`."""
    groups: list[list[Fragment]] = []
    for fragment in fragments:
        if fragment.is_key or not groups:
            groups.append([])
        groups[-1].append(fragment)
    if groups and not groups[0][0].is_key:
        groups.pop(0)
    current: list[Fragment] = []
    for group in groups:
        if group[-1].wall_end_us <= start_us or group[0].wall_us >= end_us:
            continue
        if current and current[-1].wall_end_us - current[0].wall_us >= entry_us:
            yield PlaylistEntry(tuple(current))
            current = []
        current.extend(group)
    if current:
        yield PlaylistEntry(tuple(current))


@dataclass(frozen=True, slots=True)
class RunHead:
    """What a playlist needs of a run: bytes of its init section, and whether it has sound."""

    init_size: int
    has_audio: bool


def playlist(pieces: Iterable[Piece], heads: Mapping[str, RunHead], start_us: int, end_us: int) -> str:
    """The playlist of [start, end); time that was not recorded is left out. `heads`: by run id.

    Our own tag says which tracks follow: a player cannot continue from footage with sound to footage without.
    """
    lines: list[str] = []
    run_id, longest = "", 1.0
    for piece in pieces:
        url = segment_url(piece.key)
        for entry in entries(piece.fragments, start_us, end_us):
            if piece.run_id != run_id:
                if run_id:
                    lines.append("#EXT-X-DISCONTINUITY")
                head = heads[piece.run_id]
                lines.append(f"{_TRACKS}{'video+audio' if head.has_audio else 'video'}")
                lines.append(f'#EXT-X-MAP:URI="{url}",BYTERANGE="{head.init_size}@0"')
                run_id = piece.run_id
            # Players read milliseconds; round to them.
            wall = from_us(entry.wall_us) + timedelta(microseconds=500)
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{wall:%Y-%m-%dT%H:%M:%S}.{wall.microsecond // 1000:03d}Z")
            lines.append(f"#EXTINF:{entry.seconds:.6f},")
            lines.append(f"#EXT-X-BYTERANGE:{entry.size}@{entry.offset}")
            lines.append(url)
            longest = max(longest, entry.seconds)
    header = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{round(longest + 0.5)}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    return "\n".join([*header, *lines, "#EXT-X-ENDLIST", ""])
