"""Where a camera is. The URL is built from parts, so that a password with @ or : works, and is never shown."""

from dataclasses import dataclass, field
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Address:
    """An RTSP address in parts. `path` begins with a slash and may hold a query."""

    host: str
    port: int
    path: str
    username: str = ""
    password: str = field(default="", repr=False)

    def url(self) -> str:
        """The address for FFmpeg, with credentials. Never log it, never put it into an error."""
        login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@" if self.username else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rtsp://{login}{host}:{self.port}{self.path}"

    def __str__(self) -> str:
        return f"rtsp://{self.host}:{self.port}{self.path}"
