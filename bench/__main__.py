"""All measurements, one after the other: `make bench`. What they mean: docs/measurements.md."""

import subprocess
import sys
from pathlib import Path

MEASUREMENTS = ("camera_sim", "capture", "counting")


def main() -> int:
    """Run every measurement; returns how many could not be made."""
    failed = 0
    for name in MEASUREMENTS:
        print(f"── {name} " + "─" * (76 - len(name)), flush=True)
        failed += (
            subprocess.run([sys.executable, str(Path(__file__).with_name(f"{name}.py"))], check=False).returncode != 0
        )
    return failed


if __name__ == "__main__":
    sys.exit(main())
