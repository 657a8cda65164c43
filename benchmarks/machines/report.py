"""What was found, run by run, and the tables of docs/reliability.md made of it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machines.running import KEPT
from benchmarks.machines.site import ROOT

Found = dict[str, Any]
PAGE = ROOT / "docs" / "reliability.md"


class Report:
    """`found` of each trial and `total` of each run go into a file: later runs add to it. Deleted, it begins anew."""

    def __init__(self, name: str, heading: str, row: Callable[[list[Found]], list[str]]) -> None:
        self._name, self._heading, self._row = name, heading, row
        self._file: Path = KEPT / f"{name}.jsonl"

    def note(self, found: Found) -> None:
        print(json.dumps(found), flush=True)
        KEPT.mkdir(parents=True, exist_ok=True)
        with self._file.open("a") as file:
            file.write(json.dumps(found) + "\n")

    def write(self) -> bool:
        """The table. False: something was lost, sent twice, forgotten, or not mended by trying again."""
        lines = [json.loads(line) for line in self._file.read_text().splitlines()]
        trials = [line for line in lines if "what" in line]
        totals = [line for line in lines if "SMS" in line]
        rows = []
        for what in dict.fromkeys(one["what"] for one in trials):
            these = [one for one in trials if one["what"] == what]
            rows.append(f"| {what} | {len(these)} | {' | '.join(self._row(these))} |\n")
        sums = {name: sum(total[name] for total in totals) for name in totals[0]} if totals else {}
        bans, never = sum(not one["ban held"] for one in trials), sum(one["never done"] for one in trials)
        not_whole = sum(not one["whole at the end"] for one in trials)
        text = (
            f"{len(trials)} trials, {sums['SMS']} codes: {sums['sent twice']} sent twice, "
            f"{sums['lost in silence']} lost in silence, {sums['not known']} “not known”, {sums['failed']} failed; "
            f"{sums['mails']} mails: {sums['mails sent twice']} sent twice, {sums['mails lost']} lost; "
            f"{bans} bans forgotten; {never} pages or logins that trying again did not mend; "
            f"{not_whole} times not whole within a minute.\n\n"
        )
        mark = re.compile(rf"(<!-- {self._name} -->\n).*?(<!-- end -->)", re.DOTALL)
        whole = f"{text}{self._heading}{''.join(rows)}"
        PAGE.write_text(mark.sub(lambda match: f"{match[1]}{whole}{match[2]}", PAGE.read_text()))
        lost = sums["lost in silence"] or sums["mails lost"]
        return not (sums["sent twice"] or sums["mails sent twice"] or lost or bans or never or not_whole)


def share(these: list[Found], what: str) -> str:
    return f"{sum(one[f'{what} that failed at first'] for one in these)} of {sum(one[what] for one in these)}"


def seconds(these: list[Found], what: str) -> str:
    """At most; and half of them within."""
    values = sorted(one[what] for one in these)
    return f"{values[len(values) // 2]:.1f}, {values[-1]:.1f}"
