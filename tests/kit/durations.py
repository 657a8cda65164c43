"""A pytest plugin: the files that take longest come first, as one that comes last keeps a single process busy while the
others are done. tests/durations.json has the seconds; a file that is not in it comes before all. A run of whole files
writes what it took into var/, and `make durations` (`python -m tests.kit.durations`) keeps that."""

import json
from collections import defaultdict
from math import inf
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
KEPT = TESTS / "durations.json"
LAST = TESTS.parent / "var" / "durations.json"


@pytest.hookimpl(trylast=True)  # after they were shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    seconds = _read(KEPT)
    items.sort(key=lambda item: seconds.get(item.path.stem, inf), reverse=True)


class Durations:
    """What each file took, in the process that starts the others."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[Path(report.nodeid.partition("::")[0]).stem] += report.duration

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            LAST.parent.mkdir(exist_ok=True)
            _write(LAST, _read(LAST) | self.seconds)


def pytest_configure(config: pytest.Config) -> None:
    chosen = config.option.keyword or config.option.markexpr or config.option.lf or config.option.deselect
    if not hasattr(config, "workerinput") and not chosen and not any("::" in path for path in config.args):
        config.pluginmanager.register(Durations())


def _read(file: Path) -> dict[str, float]:
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _write(file: Path, seconds: dict[str, float]) -> None:
    file.write_text(json.dumps({stem: round(seconds[stem]) for stem in sorted(seconds)}, indent=0) + "\n")


if __name__ == "__main__":
    there = {file.stem for file in TESTS.rglob("test_*.py")}
    _write(KEPT, {stem: taken for stem, taken in _read(LAST).items() if stem in there})
