"""The command line of the simulated camera, in a child process."""

import signal
import subprocess
import sys
from pathlib import Path

from .watching import watch


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "shike.camera_sim", *arguments], stdout=subprocess.PIPE, text=True)


def test_it_prints_its_addresses_and_ends_on_sigterm(clips: Path) -> None:
    with _start("--clips", str(clips), "--port", "0", "--paths", "hall/sub", "yard/main") as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            assert address.endswith("/hall/sub")
            assert watch(address, 3)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_it_reports_missing_clips(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "shike.camera_sim", "--clips", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "no clips" in result.stderr
