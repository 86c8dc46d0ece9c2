"""A real Chromium on a real installation. Without a browser these tests fail and say what to install."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.product import ADMINISTRATOR, PASSWORD, Product, SimulatedCameras, post, wait_until


@dataclass
class School:
    """A county with two institutions: room A with two cameras and room B with one; ids by name."""

    product: Product
    front: SimulatedCameras
    others: SimulatedCameras
    cameras: dict[str, str]


@pytest.fixture(scope="session")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    folder = tmp_path_factory.mktemp("school")
    product = Product(folder / "data")
    front = SimulatedCameras(folder / "front.jsonl", ("room-a-front/main", "room-a-front/sub"))
    others = SimulatedCameras(
        folder / "others.jsonl", ("room-a-rear/main", "room-a-rear/sub", "room-b/main", "room-b/sub")
    )
    front.start()
    others.start()
    product.data.mkdir(parents=True)
    product.command("account", "add", ADMINISTRATOR, "--name", "陈静")
    product.start()
    try:
        cameras = _register(product, front.port, others.port)
        with product.client() as client:
            wait_until(lambda: _recording(client) == 3, 60, "three cameras are recorded")
        yield School(product, front, others, cameras)
    finally:
        product.stop()
        front.kill()
        others.kill()


def _register(product: Product, front_port: int, others_port: int) -> dict[str, str]:
    cameras: dict[str, str] = {}
    with product.client() as client:
        region = client.get("/api/regions").json()["items"][0]["id"]
        places = {
            "椒陵职业技能培训学校": ("201 教室", {"room-a-front": front_port, "room-a-rear": others_port}),
            "襄河职业培训学校": ("305 教室", {"room-b": others_port}),
        }
        for institution, (room, clips) in places.items():
            owner = post(client, "/api/institutions", region_id=region, name=institution)
            place = post(
                client, "/api/rooms", institution_id=owner["id"], name=room, seats=24, privacy_notice_posted=True
            )
            for clip, port in clips.items():
                made = post(
                    client,
                    "/api/cameras",
                    room_id=place["id"],
                    name={"room-a-front": "前摄像机", "room-a-rear": "后摄像机", "room-b": "前摄像机"}[clip],
                    host="127.0.0.1",
                    port=port,
                    main_path=f"/{clip}/main",
                    sub_path=f"/{clip}/sub",
                )
                cameras[clip] = made["id"]
    return cameras


def _recording(client: httpx.Client) -> int:

    items = client.get("/api/wall").json()["items"]
    return sum(1 for item in items if (item["state"] or {}).get("state") == "recording")


def log_in(page: Page, product: Product, username: str = ADMINISTRATOR) -> None:
    """Log in through the form."""
    page.goto(f"{product.address}/login")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/login" not in address)
