"""A pytest plugin: which lines and branches of the product the tests took, if COVERAGE is set in the environment, as
`make test` does. COVERAGE=rules counts only the rules of security, of which a missing branch fails the run. Processes
that tests start (servers, workers) are not counted. SlipCover takes its marks out of the code once they are reached,
which costs a twentieth of the time; tracing on Python 3.11 costs three quarters."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import slipcover

from tests.kit.mutants import branches, rooms

ROOT = Path(__file__).parent.parent.parent
APPS = [str(ROOT / app) for app in ("accounts", "apppasswords", "portal")]
OMITTED = ["*/migrations/*"]
SHOWN = 8  # files

if wanted := os.environ.get("COVERAGE"):
    # As early as this plugin is loaded: before any module of the product.
    _whole = wanted != "rules"  # what no test imports is looked for in folders
    _counted = slipcover.Slipcover(branch=True, source=APPS if _whole else None, omit=OMITTED)
    _files = slipcover.FileMatcher(sources=APPS if _whole else list(rooms.files()), omit=OMITTED)
    slipcover.ImportManager(_counted, _files).__enter__()


class Coverage:
    """What this process and, if it started others, what they saw."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}
        self.gaps: list[str] = []  # branches of the rules of security that no test takes

    def add(self, seen: dict[str, Any]) -> None:
        self.seen = slipcover.merge_coverage(self.seen, seen) if self.seen else seen

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        if seen := getattr(node, "workeroutput", {}).get("coverage"):
            self.add(json.loads(seen))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["coverage"] = json.dumps(_counted.get_coverage())
            return
        if not self.seen:
            self.add(_counted.get_coverage())
        if session.config.args_source is pytest.Config.ArgsSource.ARGS:
            return  # most of it was not asked for
        self.gaps = [str(gap) for gap in branches.gaps(self.seen, rooms.files())]
        if self.gaps and exitstatus == pytest.ExitCode.OK and _is_whole(session.config):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.seen:
            return
        branches.SEEN.parent.mkdir(exist_ok=True)
        branches.SEEN.write_text(json.dumps(self.seen))
        terminalreporter.section("coverage")
        terminalreporter.line(f"branches    lines  (all in {branches.SEEN.relative_to(ROOT)})")
        terminalreporter.line(_told(self.seen["summary"], "all that is counted"))
        files = {name: file["summary"] for name, file in self.seen["files"].items()}
        for name in sorted(files, key=lambda name: files[name]["percent_covered"])[:SHOWN]:
            terminalreporter.line(_told(files[name], name))
        if self.gaps:
            terminalreporter.section("branches of the rules of security that no test takes")
            terminalreporter.line(f"Each needs a test, or a line in {branches.REASONS.relative_to(ROOT)}.")
            for gap in self.gaps:
                terminalreporter.line(gap)


def _is_whole(config: pytest.Config) -> bool:
    """Every test was asked for, and none was left out for want of a server."""
    chosen = config.option.keyword or config.option.markexpr or config.option.lf or config.option.deselect
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return not chosen and reporter is not None and "skipped" not in reporter.stats


def _told(summary: dict[str, Any], name: str) -> str:
    return f"{_share(summary, 'branches'):>8} {_share(summary, 'lines'):>8}  {name}"


def _share(summary: dict[str, int], what: str) -> str:
    covered, missing = summary[f"covered_{what}"], summary[f"missing_{what}"]
    return f"{100 * covered / (covered + missing):.1f} %" if covered + missing else ""


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("COVERAGE"):
        config.pluginmanager.register(Coverage())
