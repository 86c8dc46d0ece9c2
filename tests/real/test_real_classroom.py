"""A real classroom over GStreamer's RTSP server: recorded, counted, watched live, played back.

The clip shows four people throughout. It is "classroom" from intel-iot-devkit/sample-videos (CC BY 4.0), which is not
part of this project: SHIKE_REAL_SET names the folder that holds it.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import log_in
from tests.browser.product import ADMINISTRATOR, Product, post, wait_until

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.timeout(240)]

PEOPLE = 4
SECONDS = 240


def unless_required(reason: str) -> None:
    """Skip with a reason; with SHIKE_REAL_REQUIRED set, fail instead."""
    if os.environ.get("SHIKE_REAL_REQUIRED"):
        pytest.fail(f"required here: {reason}")
    pytest.skip(reason)


def encoded(gif: Path, target: Path) -> None:
    """Write the GIF as 1280×720 H.264; its three seconds are repeated without encoding them again."""
    with av.open(str(gif)) as source:
        pictures = [frame.reformat(1280, 720, "yuv420p") for frame in source.decode(video=0)]
    fps = 15
    with av.open(str(target), "w") as output:
        stream = output.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "23", "g": str(fps), "bf": "0", "sc_threshold": "0"}
        packets = []
        for number, picture in enumerate(pictures[: 3 * fps]):
            picture.pts, picture.time_base = number, Fraction(1, fps)
            packets += stream.encode(picture)
        packets += stream.encode()
        ticks = (packets[1].dts or 0) - (packets[0].dts or 0)
        for repeat in range(SECONDS // 3):
            for number, packet in enumerate(packets):
                copy = av.Packet(bytes(packet))
                copy.stream, copy.is_keyframe = stream, packet.is_keyframe
                copy.time_base = packet.time_base
                copy.dts = copy.pts = (repeat * len(packets) + number) * ticks
                output.mux(copy)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of GStreamer's RTSP server showing the classroom."""
    folder = os.environ.get("SHIKE_REAL_SET")
    if not folder:
        unless_required("SHIKE_REAL_SET names no folder with real classroom pictures")
    gif = Path(folder or "") / "intel-classroom.gif"
    if not gif.is_file():
        unless_required(f"{gif} is not there")
    python = shutil.which("python3", path="/usr/bin:/bin")
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if python is None or subprocess.run([python, "-c", probe], capture_output=True, check=False).returncode:
        unless_required("GStreamer's RTSP server is not installed (Debian: gir1.2-gst-rtsp-server-1.0, python3-gi)")
    clip = tmp_path_factory.mktemp("real") / "classroom.mp4"
    encoded(gif, clip)
    script = Path(__file__).with_name("gst_rtsp_server.py")
    server = subprocess.Popen([str(python), str(script), str(clip)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    yield int(server.stdout.readline())
    server.kill()
    server.wait()
    server.stdout.close()


@pytest.fixture(scope="module")
def recorded(room: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Product, str]]:
    """The running product with one camera, and that camera's id."""
    product = Product(tmp_path_factory.mktemp("product") / "data", sample_interval_s=1)
    product.data.mkdir(parents=True)
    product.command("account", "add", ADMINISTRATOR)
    product.start()
    try:
        with product.client() as client:
            region = client.get("/api/regions").json()["items"][0]["id"]
            school = post(client, "/api/institutions", region_id=region, name="实测学校")
            place = post(client, "/api/rooms", institution_id=school["id"], name="实测教室", seats=12)
            probed = client.post("/api/cameras/probe", json={"host": "127.0.0.1", "port": room, "main_path": "/room"})
            assert probed.json()["main"]["ok"], probed.text
            assert not probed.json()["main"]["simulated"]
            camera = post(
                client,
                "/api/cameras",
                room_id=place["id"],
                name="前摄像机",
                host="127.0.0.1",
                port=room,
                main_path="/room",
            )
        yield product, camera["id"]
    finally:
        product.stop()


def counts(product: Product, camera: str) -> list[int | None]:
    now = datetime.now(UTC)
    with product.client() as client:
        params = {"from": (now - timedelta(minutes=10)).isoformat(), "to": now.isoformat()}
        answer = client.get(f"/api/cameras/{camera}/timeline", params=params)
    return [each["count"] for each in answer.json()["counts"]]


def test_four_people_are_counted_in_at_least_four_of_five_samples(recorded: tuple[Product, str]) -> None:
    product, camera = recorded
    wait_until(lambda: len(counts(product, camera)) >= 15, 90, "fifteen samples")
    counted = counts(product, camera)
    assert sum(count == PEOPLE for count in counted) >= 0.8 * len(counted), counted


def test_the_room_is_watched_live_and_played_back(page: Page, recorded: tuple[Product, str]) -> None:
    product, camera = recorded
    log_in(page, product)
    page.goto(f"{product.address}/live")
    tile = page.locator(f".tile[data-camera-id='{camera}']")
    expect(tile).to_have_attribute("data-state", "live", timeout=30_000)
    first = float(tile.get_attribute("data-wall-ms") or 0)
    time.sleep(3)
    assert float(tile.get_attribute("data-wall-ms") or 0) - first > 1500

    moment = datetime.now(UTC) - timedelta(seconds=10)
    page.goto(f"{product.address}/cameras/{camera}?t={moment:%Y-%m-%dT%H:%M:%SZ}")
    player = page.locator("[data-player]")
    expect(player).to_have_attribute("data-wall-ms", re.compile(r"\d"), timeout=20_000)
    video = player.locator("video")
    wait_until(lambda: int(video.evaluate("video => video.videoWidth")) == 1280, 20, "the picture is there")
    shown = float(player.get_attribute("data-wall-ms") or 0)
    assert abs(shown - moment.timestamp() * 1000) < 6000
