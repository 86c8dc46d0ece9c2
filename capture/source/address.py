"""The RTSP address of a camera, in parts: a password with @ or : works, and no text form shows it but `url()`."""

from dataclasses import dataclass, field
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Address:
    """An RTSP address. `path` begins with a slash and may hold a query."""

    host: str
    port: int
    path: str
    username: str = ""
    password: str = field(default="", repr=False)

    def url(self) -> str:
        """The address for FFmpeg, with the credentials. Never log it, never put it into an error."""
        login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@" if self.username else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rtsp://{login}{host}:{self.port}{self.path}"

    def __str__(self) -> str:
        return f"rtsp://{self.host}:{self.port}{self.path}"
