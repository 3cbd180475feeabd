"""A host program that does what a job's payload says, in the place of a stage: `do` of the payload."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any


def _do(payload: dict[str, Any]) -> dict[str, str]:
    do = payload["do"]
    if do == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "fail":
        return {"status": "failed", "error": "Refused", "reason": "it is blocked"}
    if do == "eat":
        eater = "x = bytearray(300 * 2**20); import time; time.sleep(600)"
        subprocess.run([sys.executable, "-c", eater], check=False)
    if do == "sleep":
        print(json.dumps({"progress": {"cell": 2}}), flush=True)
        time.sleep(600)
    if do == "hang":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        time.sleep(600)
    return {"status": "done"}


for line in sys.stdin:
    try:
        answer = _do(json.loads(line))
    except KeyboardInterrupt:
        answer = {"status": "cancelled", "reason": "interrupted from outside"}
    print(json.dumps(answer), flush=True)
