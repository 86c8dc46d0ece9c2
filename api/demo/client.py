"""The HTTP client of the demonstration: it enters data through the same API as a person does."""

import json
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

# ruff: noqa: S310 the address is the service on this machine


class DemoClient:
    """A client that is logged in. Returns parsed JSON; raises urllib.error.HTTPError for error responses."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self._address = address
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.post("/api/login", username=username, password=password)

    def get(self, path: str, **query: str) -> Any:
        return self._send(Request(f"{self._address}{path}?{urlencode(query)}"))

    def post(self, path: str, **body: Any) -> Any:
        return self._write(path, "application/json", json.dumps(body).encode())

    def upload(self, path: str, rows: list[list[str]], **query: str) -> Any:
        """Sends a CSV file of these rows."""
        text = "\n".join(",".join(row) for row in rows)
        return self._write(f"{path}?{urlencode(query)}", "text/csv", text.encode())

    def _write(self, path: str, kind: str, data: bytes) -> Any:
        headers = {"Content-Type": kind, "Origin": self._address}
        return self._send(Request(f"{self._address}{path}", data, headers, method="POST"))

    def picture(self, path: str, **query: str) -> bytes:
        """A picture, as the bytes of its JPEG file."""
        return self._read(Request(f"{self._address}{path}?{urlencode(query)}"))

    def _send(self, request: Request) -> Any:
        text = self._read(request)
        return json.loads(text) if text else None

    def _read(self, request: Request) -> bytes:
        with self._opener.open(request, timeout=60) as answer:
            content: bytes = answer.read()
        return content
