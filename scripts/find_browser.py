"""Print the path of a Chromium that can play H.264; install one if there is none.

It takes SHIKE_BROWSER if that is set; else an installed chromium, or Debian's package if it runs as root on Debian;
else Playwright's own. Without any of these it fails with a message: browser tests are never skipped.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def main() -> None:
    named = os.environ.get("SHIKE_BROWSER")
    if named:
        if not os.access(named, os.X_OK):
            sys.exit(f"SHIKE_BROWSER names {named}, which cannot be run")
        print(named)
        return
    browser = shutil.which("chromium") or _from_debian() or _from_playwright()
    if browser is None:
        sys.exit(
            "No browser for the tests. Install Chromium (on Debian: apt-get install chromium), or name one:\n"
            "    SHIKE_BROWSER=/path/to/chrome make test"
        )
    print(browser)


def _from_debian() -> str | None:
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        return None
    print("Installing Debian's chromium for the browser tests", file=sys.stderr)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-noto-cjk"],
    ):
        if subprocess.run(command, env=environment, stdout=sys.stderr, check=False).returncode:
            return None
    return shutil.which("chromium")


def _from_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    print("Installing Playwright's chromium for the browser tests", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], stdout=sys.stderr, check=False)
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.access(path, os.X_OK) else None


if __name__ == "__main__":
    main()
