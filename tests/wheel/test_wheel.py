"""The wheel alone: installed into an empty environment, without Node and without the checkout, it shows the demo."""

import json
import signal
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.browser.product import free_port, wait_until

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(420)]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as `make wheel` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `shike` command of an environment with the wheel and its dependencies only."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / "run.txt")], check=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "check"], check=True, capture_output=True)
    return folder / "bin" / "shike"


@pytest.fixture
def demo(installed: Path, tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A running demonstration: its data folder and its port."""
    data, port = tmp_path / "data", free_port()
    # No Node, no checkout: only the system's own commands are on the path.
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    with (tmp_path / "out").open("wb") as output:
        process = subprocess.Popen(
            [str(installed), "demo", "--data", str(data), "--port", str(port)],
            cwd=tmp_path,
            env=environment,
            stdout=output,
            stderr=output,
        )
    yield data, port
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def test_the_wheel_contains_the_browser_app_the_detector_and_the_sample_videos(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "shike/api/static/index.html" in names
    assert any(name.startswith("shike/api/static/assets/") and name.endswith(".js") for name in names)
    assert "shike/attendance/counting/models/centerface.onnx" in names
    assert "shike/attendance/counting/models/LICENSE" in names
    assert "shike/camera_sim/clips/room-b-main.mp4" in names
    assert "shike/api/migrations/versions/0001_initial.py" in names
    assert not any("node_modules" in name or name.startswith("tests/") for name in names)


def test_the_wheel_shows_three_counted_cameras_from_an_empty_environment(demo: tuple[Path, int]) -> None:
    data, port = demo
    address = f"http://127.0.0.1:{port}"
    note = data / "demo.json"
    wait_until(note.exists, 60, "the demonstration is prepared")

    def is_up() -> bool:
        try:
            return httpx.get(f"{address}/api/health").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(is_up, 90, "the service answers")
    with httpx.Client(base_url=address, headers={"Origin": address}) as client:
        assert '<div id="app">' in client.get("/live").text
        password = json.loads(note.read_text())["password"]
        assert client.post("/api/login", json={"username": "demo", "password": password}).status_code == 200
        wait_until(lambda: counted(client) == 3, 90, "three cameras are counted")
        assert all(item["simulated"] for item in client.get("/api/wall").json()["items"])


def counted(client: httpx.Client) -> int:
    return sum(1 for item in client.get("/api/wall").json()["items"] if item["count"] is not None)


def test_no_file_of_the_wheel_needs_the_network_while_it_runs(wheel: Path) -> None:
    page = zipfile.ZipFile(wheel).read("shike/api/static/index.html").decode()
    assert "http://" not in page
    assert "https://" not in page
