"""Makes ``python -m llcuda`` the same as the command ``llcuda``."""

from __future__ import annotations

import sys

from llcuda.cli import main

if __name__ == "__main__":
    sys.exit(main())
