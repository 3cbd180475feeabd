"""Makes `gate_rows` importable for the tests of this room and its checks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
