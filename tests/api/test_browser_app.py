"""The built browser app: index.html for every address outside of /api, and files with their cache headers."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from shike.api.browser_app import BrowserApp


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets" / "index-abc123.js").write_text("export {}")
    return tmp_path


async def answers(folder: Path, *paths: str) -> list[httpx.Response]:
    app = Starlette(routes=[Mount("/", BrowserApp(folder))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return [await client.get(path) for path in paths]


@pytest.mark.anyio
async def test_addresses_of_the_app_give_its_page_and_are_asked_for_again(built: Path) -> None:
    for answer in await answers(built, "/", "/live?wall=now", "/cameras/1"):
        assert (answer.status_code, answer.text) == (200, "<!doctype html>")
        assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.anyio
async def test_files_with_a_digest_in_their_name_are_kept_and_missing_ones_are_missing(built: Path) -> None:
    script, missing, api, outside = await answers(
        built, "/assets/index-abc123.js", "/assets/gone.js", "/api/gone", "/..%2f..%2fetc/passwd"
    )
    assert "immutable" in script.headers["Cache-Control"]
    assert (missing.status_code, api.status_code) == (404, 404)
    assert "root:" not in outside.text


@pytest.mark.anyio
async def test_an_app_that_is_not_built_says_so(tmp_path: Path) -> None:
    (answer,) = await answers(tmp_path, "/")
    assert answer.status_code == 503 and "not built" in answer.text


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
