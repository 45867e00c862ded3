"""How long commands take to begin, beside another state of the source: `python -m benchmarks.start [OTHER]`.

OTHER is a folder with another checkout, as `git worktree add ../before main` makes one. Both take turns, with everything compiled; what
counts are the ratios of processor time, as the wall clock of a busy machine says little.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.timing import show

ROOT = Path(__file__).parent.parent
TURNS = 7
RUN = "from sim.cli import main; main(['run', 'rising_tide', '--no-figure', '--fresh', '--out', 'out'])"
STARTS = {
    "python": "pass",
    "import sim": "import sim",
    "tide --help": "from sim.cli import main; main(['--help'])",
    "tide run rising_tide --no-figure": RUN,
}
"""What is started: a name, and the code."""
GOALS = {"tide --help": "≤ 0.5 s", "tide run rising_tide --no-figure": "≤ 1.2 s"}


def taken(tree: Path, code: str, folder: str) -> tuple[float, float]:
    """Seconds of processor time and on the wall, for code in a process of its own, with the package of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    before = os.times()
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, env=environment)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return spent, after.elapsed - before.elapsed


def main(trees: list[Path]) -> None:
    """The table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for tree in trees:
            taken(tree, RUN, folder)  # compiled
        for name, code in STARTS.items():
            slices = [[taken(tree, code, folder) for tree in trees] for _turn in range(TURNS)]
            cpu = [median(each[k][0] for each in slices) for k in range(len(trees))]
            wall = [median(each[k][1] for each in slices) for k in range(len(trees))]
            ratios = [median(each[0][k] / each[-1][k] for each in slices) for k in range(2)]
            numbers = [cpu[0], wall[0], *((cpu[1], wall[1], *ratios) if len(trees) > 1 else ())]
            rows.append([name, *(f"{number:.2f}" for number in numbers), GOALS.get(name, "")])
    heads = [
        "",
        "CPU s",
        "wall s",
        *(("other: CPU s", "wall s", "CPU ratio", "wall ratio") if len(trees) > 1 else ()),
        "goal",
    ]
    show(f"Starts: medians of {TURNS} turns", heads, rows)


if __name__ == "__main__":
    main([ROOT, *(Path(word).resolve() for word in sys.argv[1:])])
