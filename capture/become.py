"""Replace this process by another Python module: same process id and standard streams, only its own libraries.

Reading settings and migrating a database need libraries that the work afterwards does not need. So a command does that
first and then becomes a module, to which it passes a text through a pipe: other users can read a process's arguments.
Not here: starting children (recorder/supervisor.py), what the modules do. Which processes do this, and why:
docs/decisions/0014-what-processes-keep-in-memory.md.
"""

import logging
import os
import sys
from typing import NoReturn

# Without this, the C library gives every thread a heap of its own, and each heap stays at its largest size. Heaps are
# not made to shrink: returning pages and asking for them again took a tenth of the CPU of recording.
LEAN = {"MALLOC_ARENA_MAX": "2"}
"""Environment variables of a long-lived process that should stay small."""
_PIPE_BYTES = 60 << 10


def become(module: str, log_level: str, message: str) -> NoReturn:
    """Replace this process by `python -m module`, in which `became()` returns `message`. Never returns.

    ValueError if `message` is longer than a pipe holds.
    """
    content = message.encode()
    if len(content) > _PIPE_BYTES:  # nobody reads yet: a longer write would block for ever
        raise ValueError(f"{len(content)} bytes are too many to hand over")
    reads, writes = os.pipe()
    os.write(writes, content)
    os.close(writes)
    os.set_inheritable(reads, True)
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: do not import modules from the current folder.
    command = [sys.executable, "-P", "-m", module, log_level, str(reads)]
    os.execve(sys.executable, command, LEAN | os.environ)  # noqa: S606 no shell is wanted


def became() -> str:
    """The message of the process that this one replaced. Also starts logging at its log level."""
    log_level, reads = sys.argv[1:]
    start_logging(log_level)
    with os.fdopen(int(reads), encoding="utf-8") as pipe:
        return pipe.read()


def start_logging(level: str) -> None:
    """Begin to write this process's log to standard error."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
