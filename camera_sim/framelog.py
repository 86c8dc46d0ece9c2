"""The log of frames sent: one JSON line per frame, written before the next frame is sent.

Comparing it with the strips of bits in recorded or shown pictures tells which frames were lost and how late others
came.
"""

import json
from pathlib import Path
from typing import TextIO


class FrameLog:
    """Appends ``{"path","view","frame","sent_us","rtp","key"}`` lines; does nothing without a file."""

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", buffering=1)

    def sent(self, path: str, view: int | None, frame: int, sent_us: int, rtp: int, key: bool) -> None:
        """Log one frame that was passed to the connection at ``sent_us`` (µs UTC)."""
        if self._file is not None:
            line = {"path": path, "view": view, "frame": frame, "sent_us": sent_us, "rtp": rtp, "key": key}
            self._file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
