"""Processes of ours whose clock is set while they run."""

from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# What Python asks the clock for is as far off as the file says, from the moment that it does; a file beside it says of
# each process how far that is. (Beside libfaketime its waits never end.)
OFF = """import datetime, os, threading, time, time_machine

def steady():
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # which no journey sets

class Clock:
    off, travels, apart = 0.0, None, time.time() - steady()

    def look(self):
        off = float(open(os.environ["CLOCK_OFF"]).read() or 0)
        if off == self.off:
            return
        self.off = off
        if self.travels:
            self.travels.stop()
            self.travels = None
        if off:
            there = self.apart + steady() + off
            self.travels = time_machine.travel(there, tick=True)
            self.travels.start().shift(self.apart + steady() + off - time.time())  # it may have taken a while
        with open(f"{os.environ['CLOCK_OFF']}.{os.getpid()}", "w") as file:
            file.write(str(off))

    def watch(self):
        pause = threading.Event()
        while True:
            self.look()
            pause.wait(0.2)

    def begin(self):
        threading.Thread(target=self.watch, daemon=True).start()

clock = Clock()
clock.look()
clock.begin()
os.register_at_fork(after_in_child=clock.begin)
"""


class Clock:
    """Of the processes that are started with its environment."""

    def __init__(self, folder: Path, name: str = "clock") -> None:
        self._file = folder / name
        programs = folder / "off"
        programs.mkdir(exist_ok=True)
        (programs / "sitecustomize.py").write_text(OFF)
        self.environment = {"PYTHONPATH": f"{programs}:{ROOT}", "CLOCK_OFF": str(self._file)}
        self.set(0)

    def set(self, off: float) -> None:
        """Seconds, from the right time."""
        new = self._file.with_suffix(".new")
        new.write_text(str(float(off)))
        new.replace(self._file)

    def is_set(self, pids: Iterable[int]) -> bool:
        """Each of them has seen it."""
        said = [self._file.with_name(f"{self._file.name}.{pid}") for pid in pids]
        return all(one.exists() and one.read_text() == self._file.read_text() for one in said)
