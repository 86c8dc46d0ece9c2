"""``python -m shike.camera_sim``."""

import sys

from shike.camera_sim.command import main

sys.exit(main())
