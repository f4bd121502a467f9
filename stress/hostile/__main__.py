"""``python -m stress.hostile``, the same as ``python -m stress hostile``."""

import sys

from stress.hostile.command import main

sys.exit(main(sys.argv[1:]))
