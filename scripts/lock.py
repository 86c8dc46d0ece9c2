"""Write the lock files in requirements/: every version pinned with its hashes, without the address of an index."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-header",
    "--quiet",
    "--python-version=3.11",
)
LOCKS = {
    "run": ["pyproject.toml"],
    "dev": ["pyproject.toml", "--group=test", "--group=detector"],
    "samples": ["--group=samples", "--constraints=requirements/dev.txt"],
    "bench": ["--group=bench", "--constraints=requirements/dev.txt"],
    "node": ["--group=node"],
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([f"{folder}/bin/pip", "install", "--quiet", "uv"], check=True)
        for name, sources in LOCKS.items():
            output = f"--output-file=requirements/{name}.txt"
            upgrade = ["--upgrade"] if "--upgrade" in sys.argv else []
            command = [f"{folder}/bin/uv", "pip", "compile", *OPTIONS, *upgrade, *sources, output]
            subprocess.run(command, cwd=ROOT, check=True)
            print(f"requirements/{name}.txt")


if __name__ == "__main__":
    main()
