"""On what it is measured, and beside what: the first line that each benchmark prints."""

import os
import re
from pathlib import Path


def told() -> str:
    known = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    return f"{cores} cores ({known[1] if known else os.uname().machine}), load {load:.1f} before it began\n"
