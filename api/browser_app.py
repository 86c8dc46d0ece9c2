"""Serves the built browser app: files with cache headers, and index.html for every path outside of /api.

Design: docs/design/web.md.
"""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
# Vite puts a digest of the content into these names, so they never change.
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"


class BrowserApp(StaticFiles):
    """Serves `folder`; a path without a file gets index.html, because the browser app routes by itself."""

    def __init__(self, folder: Path = STATIC) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._index = folder / "index.html"

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path == "api" or path.startswith("api/"):
            raise HTTPException(404, "Not found")
        if not self._index.is_file():
            return PlainTextResponse("The browser app is not built. Run: make api/static/index.html\n", 503)
        page = path in ("", ".")
        try:
            response = await super().get_response("index.html" if page else path, scope)
        except HTTPException as error:
            # A missing script must not be answered with a page.
            if error.status_code != 404 or path.startswith("assets/"):
                raise
            response = await super().get_response("index.html", scope)
        response.headers["Cache-Control"] = IMMUTABLE if path.startswith("assets/") else REVALIDATE
        return response
