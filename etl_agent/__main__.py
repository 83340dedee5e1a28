"""``python -m etl_agent``: the command line, where no script is installed on the path."""

from __future__ import annotations

import sys

from etl_agent.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
