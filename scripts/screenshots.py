"""Take a picture of every page of the browser app: OUT/LANGUAGE/WIDTH/PAGE.png.

An empty installation shows the first run, the demonstration shows all other pages; both run on this machine with their
data in a temporary folder. A page that is longer than the window gets a second picture, PAGE-whole.png.
PAGE-as-ROLE.png shows the page as another role sees it.
"""

import argparse
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import APIRequestContext, Browser, BrowserContext, Playwright, Request, sync_playwright
from playwright.sync_api import Error as BrowserError

ROOT = Path(__file__).parents[1]
PASSWORD = secrets.token_urlsafe(12)
PHONE = 390
SETS = (("zh-CN", 1440, 900), ("zh-CN", PHONE, 844), ("en", 1440, 900))
ROLES = ("supervisor", "auditor", "institution")

# Each line is an address, followed by one entry per further picture: a query or fragment to append to the address, or a
# word for the file name. Steps follow a semicolon: `cut` aborts matching requests, `phone` limits the picture to the
# narrow window.
LOGIN = "/login refused;fill:#username=nobody;fill:#password=x;click:.submit"
EMPTY = """/live\n/cameras\n/class-sessions\n/flags\n/classes\n/subsidy\n/admin/rooms\n/admin/cameras
/admin/recording-report\n/admin/recording\n/admin/keeping"""
PAGES = """
/live ?big={camera} keys;key:?
/cameras account;click:.account password;click:.account;click:.account-menu>:nth-last-child(3)
  dark;click:.account;click:.account-menu>:nth-last-child(4) menu;phone;click:.phone-dock>button
/cameras/{camera}?t={moment} &stream=sub &from={moment}&to={end}&z=600 keys;key:? go-to;key:g table;key:t
  gaps;phone;click:#tab-gaps export;phone;click:#tab-export
/cameras/{camera}?t=2026-01-01T00:00:00Z
/class-sessions no-server;cut:**/api/me
/class-sessions/{session}?t={moment} &flag={late} keys;key:? table;key:t roster;phone;click:#tab-roster
/class-sessions/{running}
/class-sessions/{blind}
/flags #{low} #{low};key:1 ?state=confirmed#{late} ?state=rejected
/classes ?class=new ?class={class} failed;cut:**/api/classes
/classes/{class}/roster ?person=new ?person={enrolment} ?import=roster ?import=roster;upload:姓名,身份证号|王芳,1
/classes/{class}/timetable ?plan=new ?plan={session} ?signs={session} ?import=timetable ?import=sign_events
/classes/{class}/results ?person={enrolment}
/subsidy
/subsidy/classes/{class}
/subsidy/classes/{class}/trainees/{review}
/subsidy/classes/{class}/trainees/{eligible}
/subsidy/classes/{class}/trainees/{not_eligible}
/subsidy/classes/{class}/trainees/{referred}
/admin/rooms ?add=region ?add=institution ?edit={institution} ?add=room ?room={room}
/admin/rooms/{room}/acceptance
/admin/rooms/{open_room}/acceptance
/admin/cameras ?add={room} ?camera={camera} ?camera={camera};click:.buttons>.main
/admin/cameras/{camera} ?day={day}
/admin/recording-report ?day={day}
/admin/recording ?room={room}
/admin/keeping ?camera=default ?camera={camera} ?tab=holds ?tab=holds&hold=new ?tab=holds&hold={hold} ?tab=log
/admin/accounts ?add=1 ?account={account}
/admin/log ?action=verdict
/nothing/here
"""

# Recorded pictures are not played: they stand still at the requested moment. Live pictures play.
BEGIN = """
localStorage.setItem('shike.locale', '%s')
localStorage.removeItem('shike.theme.page')
const play = HTMLMediaElement.prototype.play
HTMLMediaElement.prototype.play = function () {
  return location.pathname === '/live' ? play.call(this) : Promise.reject(new DOMException('held', 'AbortError'))
}
"""
# Evaluates to the part that the page still waits for, or to a false value once it waits for none.
AWAITED = """() => {
  const busy = document.querySelector('[aria-busy=true], .el-skeleton, .is-loading, .tile[data-state=connecting]')
  const player = [...document.querySelectorAll('[data-player]')].find((one) => one.dataset.phase === 'loading'
    || (one.dataset.phase === 'ready' && one.dataset.wallMs === ''))
  const image = [...document.images].find((one) => !one.complete && one.loading !== 'lazy')
  return document.querySelector('#app > *') ? (busy ?? player ?? image)?.className : 'the app'
}"""
TROUBLE = """() => [...document.querySelectorAll('.load-state > .failed, [data-phase=failed], .words.sk-panel')]
  .map((one) => one.textContent)"""
BEYOND = """() => Math.max(0, ...[...document.querySelectorAll('body *')]
  .filter((one) => /auto|scroll/.test(getComputedStyle(one).overflowY) && one.clientHeight > 100)
  .map((one) => one.scrollHeight - one.clientHeight))"""
LONGEST_PX = 8000


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    steps: list[list[str]]

    def cut(self) -> list[str]:
        return [step[1] for step in self.steps if step[0] == "cut"]


def shots(pages: str, before: str = "", facts: dict[str, str] | None = None, variants: bool = True) -> Iterator[Shot]:
    """The pictures that a table lists. File names are made of addresses with placeholders instead of the facts."""
    for base, *added in (row.split() for row in re.split(r"\n(?=/)", pages.strip())):
        for more in ("", *(added if variants else ())):
            word, *steps = more.split(";")
            address = f"{base}{word}" if word[:1] in "?&#" else base
            label = f"{base.partition('?t={')[0]} {more if address != base else word}"
            name = before + re.sub("[^A-Za-z0-9]+", "-", label).strip("-")
            yield Shot(name, address.format(**facts or {}), [step.split(":", 1) for step in steps])


class Sight:
    """A window of the browser, with its pending requests and the errors that occurred in it."""

    def __init__(self, context: BrowserContext) -> None:
        self.page, self.trouble = context.new_page(), list[str]()
        self._open = set[Request]()
        self.page.on("request", lambda one: None if "/footage/" in one.url else self._open.add(one))
        self.page.on("requestfinished", lambda one: self._open.discard(one))
        self.page.on("requestfailed", lambda one: self._open.discard(one))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("response", lambda one: self.trouble.extend([f"{one.status} {one.url}"] * (one.status >= 500)))

    def rest(self, seconds: float = 60) -> None:
        """Wait until the page has been ready for 600 ms: it shows that it is loading only after 300 ms."""
        until, quiet = time.monotonic() + seconds, 0
        while quiet < 4:
            self.page.wait_for_timeout(150)
            awaited = self.page.evaluate(AWAITED) or " ".join(one.url for one in self._open)
            quiet = 0 if awaited else quiet + 1
            if time.monotonic() > until:
                self.trouble.append(f"still waits for {awaited}")
                return

    def open(self, shot: Shot) -> None:
        for address in shot.cut():
            self.page.route(address, lambda route: route.abort())
        self.page.goto(shot.path)
        self.rest()
        if self.page.locator("[data-player][data-playing=true]").count():
            self.page.keyboard.press("k")
        for verb, *rest in shot.steps:
            if verb == "key":
                self.page.keyboard.press(rest[0])
            elif verb == "fill":
                self.page.fill(*rest[0].split("="))
            elif verb == "upload":
                file = rest[0].replace("|", "\n").encode()
                self.page.set_input_files("input[type=file]", {"name": "a.csv", "mimeType": "text/csv", "buffer": file})
            elif verb == "click":
                self.page.click(rest[0])
        self.rest()

    def save(self, target: Path) -> None:
        """Take the window as it is; if its content is longer, take it once more with the height of the content."""
        self.page.screenshot(path=f"{target}.png", animations="disabled")
        size, beyond = self.page.viewport_size, self.page.evaluate(BEYOND)
        if size and beyond > 0:
            self.page.set_viewport_size({"width": size["width"], "height": min(LONGEST_PX, size["height"] + beyond)})
            self.rest()
            self.page.screenshot(path=f"{target}-whole.png", animations="disabled")


@dataclass
class Album:
    """The pictures so far. A page with an error is still taken, and reported at the end."""

    browser: Browser
    folder: Path
    only: re.Pattern[str]
    paths: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)

    def take(self, api: APIRequestContext, address: str, pages: Iterator[Shot], role: str = "") -> None:
        """Take pictures in every language and width; with `role` in the first only."""
        wanted = list(pages)
        self.paths.update(re.split("[?#]", shot.path)[0] for shot in wanted)
        for language, width, height in SETS[:1] if role else SETS:
            window: dict[str, Any] = {"viewport": {"width": width, "height": height}, "reduced_motion": "reduce"}
            window |= {"base_url": address, "storage_state": api.storage_state(), "timezone_id": "Asia/Shanghai"}
            context = self.browser.new_context(**window, locale=language)
            context.add_init_script(BEGIN % language)
            for shot in wanted:
                name = f"{shot.name}-as-{role}" if role else shot.name
                if self.only.search(name) and (width == PHONE or ["phone"] not in shot.steps):
                    self._take(context, shot, self.folder / language / str(width) / name, bool(role))
            context.close()

    def _take(self, context: BrowserContext, shot: Shot, target: Path, refusable: bool) -> None:
        sight = Sight(context)
        try:
            sight.open(shot)
            if not (refusable or shot.cut() or shot.name == "nothing-here"):
                sight.trouble += sight.page.evaluate(TROUBLE)
            sight.save(target)
        except BrowserError as error:
            sight.trouble.append(str(error))
        print(f"{target}.png", *sight.trouble, flush=True)
        self.failed += [f"{target}.png: {trouble}" for trouble in sight.trouble]
        sight.page.close()

    def without_picture(self) -> list[str]:
        """Routes of the app that no picture shows."""
        routes = re.findall(r"path: '(/[^']*)'(?!,\s*redirect)", (ROOT / "web/src/router/routes.ts").read_text())
        patterns = {one: re.sub(r":\w+(\([^)]*\))?", "[^/]+", one) for one in routes if not one.startswith("/:")}
        return [one for one, pattern in patterns.items() if not any(re.fullmatch(pattern, path) for path in self.paths)]


@contextmanager
def running(folder: Path, command: str, ready: str, seconds: float) -> Iterator[tuple[str, re.Match[str]]]:
    """Run a `shike` command; yields its address, and the match of the regular expression `ready` in its output."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    settings = {name: value for name, value in os.environ.items() if not name.startswith("SHIKE_")}
    settings |= {"SHIKE_DATA_DIR": str(folder / command), "SHIKE_PORT": port}
    line = [str(Path(sys.executable).with_name("shike")), command]
    line += ["--data", str(folder / command), "--port", port] if command == "demo" else []
    log, until = folder / f"{command}.log", time.monotonic() + seconds
    with log.open("wb") as output:
        process = subprocess.Popen(line, env=settings, stdout=output, stderr=output, start_new_session=True)
    try:
        while not (match := re.search(ready, log.read_text(), re.DOTALL)):
            if process.poll() is not None or time.monotonic() > until or "could not be told" in log.read_text():
                sys.exit(f"{log.read_text()}\nNo {ready!r} in this output.")
            time.sleep(1)
        yield f"http://127.0.0.1:{port}", match
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Client:
    """A client of the API, as a page of the app uses it."""

    api: APIRequestContext

    @classmethod
    def of(cls, playwright: Playwright, address: str, username: str = "", password: str = PASSWORD) -> "Client":
        client = cls(playwright.request.new_context(base_url=address, extra_http_headers={"Origin": address}))
        if username:
            client.post("/api/login", username=username, password=password)
        return client

    def get(self, path: str) -> list[Any]:
        items: list[Any] = self.api.get(path, fail_on_status_code=True).json()["items"]
        return items

    def post(self, path: str, **body: Any) -> Any:
        return self.api.post(path, data=body, fail_on_status_code=True).json()


def first_run(playwright: Playwright, album: Album, folder: Path) -> None:
    with running(folder, "up", r"Setup code[^:]*: (\S+)", 120) as (address, code):
        client = Client.of(playwright, address)
        album.take(client.api, address, shots("/start", "first-account-"))
        first_account = {"username": "chenjing", "name": "陈静", "password": PASSWORD, "region_name": "全椒县"}
        client.post("/api/start", setup_code=code[1], **first_account)
        album.take(client.api, address, shots("/start", "first-institution-"))
        album.take(client.api, address, shots(EMPTY, "empty-"))
        region = client.get("/api/regions")[0]["id"]
        school = client.post("/api/institutions", region_id=region, name="襄河职业培训学校")
        album.take(client.api, address, shots("/start", "first-room-"))
        client.post("/api/rooms", institution_id=school["id"], name="305 教室", seats=24)
        album.take(client.api, address, shots("/start", "first-camera-"))


def demonstration(playwright: Playwright, album: Album, folder: Path) -> None:
    with running(folder, "demo", r"Password +(\S+).*7/7", 1200) as (address, password):
        client = Client.of(playwright, address, "demo", password[1])
        facts = prepare(client)
        album.take(Client.of(playwright, address).api, address, shots(LOGIN))
        album.take(client.api, address, shots(PAGES, "", facts))
        for role in ROLES:
            album.take(Client.of(playwright, address, role).api, address, shots(PAGES, "", facts, variants=False), role)


def prepare(client: Client) -> dict[str, str]:
    """Add what the demonstration lacks: other roles, a hold, a verdict. Returns the facts that addresses need."""
    past = next(one for one in client.get("/api/classes") if one["number"] == "2026-007")
    of_class = f"/api/classes/{past['id']}"
    blind, *_, session = sorted(client.get(f"{of_class}/sessions"), key=lambda one: str(one["starts_at"]))
    running = client.get("/api/class-sessions?state=running")[0]
    camera = client.get(f"/api/cameras?room_id={session['room_id']}")[0]["id"]
    flags = {one["code"]: one["id"] for one in client.get(f"/api/flags?state=open&class_session_id={session['id']}")}
    client.post(f"/api/flags/{flags['LATE_START']}/verdict", verdict="confirmed", note="录像显示 09:16 才有人进教室")
    start = datetime.fromisoformat(session["starts_at"]) + timedelta(minutes=20)
    moment, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (start, start + timedelta(minutes=2)))
    hold = client.post("/api/holds", camera_id=camera, reason="有人投诉，先封存", **{"from": moment, "to": end})
    decisions: list[Any] = [{"current": False}]
    while not all(one["current"] for one in decisions):  # counting may still go on, and changes the facts
        client.post(f"{of_class}/decisions")
        time.sleep(20)
        decisions = client.get(f"{of_class}/decisions")
    region = client.get("/api/regions")[0]["id"]
    for role in ROLES:
        scope = {"institution_id": past["institution_id"]} if role == "institution" else {"region_id": region}
        client.post("/api/accounts", username=role, name=role, password=PASSWORD, role=role, scope=scope)
    facts = {one["verdict"]: one["trainee_id"] for one in decisions}
    facts |= {"class": past["id"], "institution": past["institution_id"], "room": session["room_id"]}
    facts |= {"session": session["id"], "blind": blind["id"], "running": running["id"], "open_room": running["room_id"]}
    facts |= {"late": flags["LATE_START"], "low": flags["LOW_TURNOUT"], "hold": hold["id"], "camera": camera}
    facts |= {"moment": moment, "end": end, "day": moment[:10], "account": client.get("/api/accounts")[0]["id"]}
    return facts | {"enrolment": client.get(f"{of_class}/enrolments")[0]["id"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "screenshots", help="folder of the pictures")
    parser.add_argument("--only", type=re.compile, default=re.compile(""), help="pages whose name fits this expression")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended before all pictures were taken"))
    finder = [sys.executable, str(ROOT / "scripts/find_browser.py")]
    browser = subprocess.run(finder, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        album = Album(playwright.chromium.launch(executable_path=browser, args=arguments), options.out, options.only)
        first_run(playwright, album, Path(folder))
        demonstration(playwright, album, Path(folder))
    failed = album.failed + [f"{route} has no picture" for route in album.without_picture()]
    sys.exit("\n".join(["", "Pages that failed:", *failed]) if failed else 0)


if __name__ == "__main__":
    main()
