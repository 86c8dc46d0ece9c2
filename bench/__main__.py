"""`make bench`: the shorter measurements, one after the other. Results: docs/measurements.md."""

import subprocess
import sys

# Measurements with their options. The longer ones (scale, soak, drift over a day) are run by hand.
MEASUREMENTS = (
    ("camera_sim",),
    ("recording",),
    ("recording", "--cameras", "32", "--seconds", "60", "--keep"),
    ("drift", "--hours", "6"),
    ("recovery", "--segments", "200000"),
    ("counting",),
)


def main() -> int:
    """Run every measurement; returns how many failed."""
    failed = 0
    for name, *options in MEASUREMENTS:
        title = " ".join((name, *options))
        print(f"── {title} " + "─" * (76 - len(title)), flush=True)
        command = [sys.executable, "-m", f"bench.{name}", *options]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
