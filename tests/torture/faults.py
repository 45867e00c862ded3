"""Each call that keeps something goes wrong, for each keeper: right exit code, no traceback, and the same command again makes it good."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from queue import Empty, SimpleQueue
from signal import SIGKILL
from typing import NamedTuple

from bench import Bench, Case, Ended, Tree, chosen, refused, wrong_words
from keepers import Keeper
from shim import AT, FAULTS, KINDS, MOST, library, unable

BENCHES = 2
MOST_TRIED = 300
"""Faults that a keeper is tried with: of more, as many are taken evenly."""
MOST_TOLD = 3
"""Failures of a kind that are told."""
SHOWN = 6
"""Differences that are named."""


class Fault(NamedTuple):
    """What goes wrong, and at which call, from 1."""

    kind: str
    at: int


def moments(points: Sequence[str]) -> list[int]:
    """The calls that are tried, from 1: all, but of writes to one file in a row the first, the middle and the last."""
    found: list[int] = []
    for call, group in groupby(enumerate(points[:MOST], 1), key=lambda each: each[1]):
        numbers = [number for number, _call in group]
        found += numbers if not call.startswith("w") else sorted({numbers[0], numbers[len(numbers) // 2], numbers[-1]})
    return found


def faults_of(points: Sequence[str], most: int = MOST_TRIED, kinds: Sequence[str] = tuple(FAULTS)) -> list[Fault]:
    """All that can go wrong at these calls, or as many of them, evenly."""
    every = [Fault(kind, at) for at in moments(points) for kind in kinds if points[at - 1][0] in AT.get(kind, KINDS)]
    if len(every) <= most:
        return every
    return [every[int((k + 0.5) * len(every) / most)] for k in range(most)]


def difference(now: Tree, wanted: Tree) -> str:
    """What tells two folders apart; empty if nothing does."""
    more = [name for name in now if name not in wanted]
    lacking = [name for name in wanted if name not in now]
    other = [
        f"{name}{' (empty)' * (now[name] == 'empty')}" for name in wanted if name in now and now[name] != wanted[name]
    ]
    told = {"left behind": more, "missing": lacking, "different": other}
    return "; ".join(f"{what}: {', '.join(sorted(names)[:SHOWN])}" for what, names in told.items() if names)


def attempt(case: Case, fault: Fault) -> list[str]:
    """Let something go wrong, then do the same again: what was not as it should be, each after a word for its kind."""
    keeper, bench = case.keeper, case.bench
    case.lay()
    done = bench.do(case.place, keeper.words, FAULTS[fault.kind], fault.at)
    wrong = []
    if done.code is None:
        wrong.append("hangs")
    if done.left:
        wrong.append(f"orphans: {', '.join(done.left)}")
    killed = fault.kind == "kill" and done.code == -SIGKILL
    if done.code not in (0, None) and not killed and (said := wrong_words(done, several=keeper.notes)):
        wrong.append(f"words: {said}")
    return wrong + (_acknowledged(case) if keeper.notes else _replaced(case, done))


def _replaced(case: Case, done: Ended) -> list[str]:
    """What is wrong with what lies there after a fault, and after the same command again."""
    keeper, now, wrong = case.keeper, case.tree(), []
    if done.code == 0 and (said := difference(case.placed(now), case.placed(case.after))):
        wrong.append(f"exit 0: {said}")
    if said := case.torn(now):
        wrong.append(f"torn: {said}")
    again = case.bench.do(case.place, keeper.words)
    if again.code != 0 and not (keeper.refuses and refused(again)):
        wrong.append(f"again: exit {again.code}: {(again.lines or ['it says nothing'])[-1][:200]}")
    after = case.tree()
    if said := difference(case.placed(after), case.placed(case.after)):
        wrong.append(f"again: {said}")
    left = sorted(set(after) - set(case.after) - set(case.placed(after)))
    if left and not keeper.unfinished:  # others may be at work there: merging tidies
        wrong.append(f"left: {', '.join(left[:SHOWN])}")
    return wrong


def _acknowledged(case: Case) -> list[str]:
    """What is lost after a restart, and when it has gone on to the end."""
    wrong, before = [], case.noted
    done, first, last = case.restarted()
    if said := case.lost(before, done, first):
        wrong.append(f"lost: {said}")
    elif said := case.lost(case.noted, done, last):
        wrong.append(f"lost later: {said}")
    elif done.code != 0 or last != case.whole:
        wrong.append(f"again: exit {done.code}: {(done.lines or [f'{last} instead of {case.whole}'])[-1][:200]}")
    if not wrong and (left := sorted(set(case.tree()) - set(case.after))):
        wrong.append(f"left: {', '.join(left[:SHOWN])}")
    return wrong


class Tried(NamedTuple):
    """What came of a keeper."""

    keeper: Keeper
    points: int
    count: int
    wrong: list[tuple[Fault, str, list[str]]]
    """Fault, the call that it hit, and what was not as it should be."""
    seconds: float

    def row(self) -> str:
        """A row of the table."""
        faults = Counter(fault.kind for fault, _call, _wrong in self.wrong)
        kinds = Counter(each.partition(":")[0] for _fault, _call, wrong in self.wrong for each in wrong)
        which = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
        numbers = "".join(f"{faults[kind]:7}" for kind in FAULTS)
        return f"{self.keeper.name:20}{self.points:7}{self.count:7}{numbers}{self.seconds:8.0f} s  {which}"


HEAD = f"{'keeper':20}{'points':>7}{'tried':>7}{''.join(f'{kind:>7}' for kind in FAULTS)}{'':10}  what was not as it should be"


def tried(bench: Bench, keeper: Keeper, most: int = MOST_TRIED) -> Tried:
    """Try a keeper with all faults, or as many."""
    begun = time.monotonic()
    case = bench.case(keeper)
    faults, wrong = faults_of(case.points, -(-most // 3) if keeper.costly else most), []
    for fault in faults:
        if said := attempt(case, fault):
            wrong.append((fault, case.points[fault.at - 1], said))
    return Tried(keeper, len(case.points), len(faults), wrong, time.monotonic() - begun)


def told(found: Tried, most: int = MOST_TOLD) -> Iterable[str]:
    """What was not as it should be, a line each; of many of a kind, the first."""
    count = Counter[tuple[str, str]]()
    for fault, call, wrong in found.wrong:
        for each in wrong:
            kind = (fault.kind, each.partition(":")[0])
            count[kind] += 1
            if count[kind] <= most:
                yield f"{found.keeper.name}, {fault.kind} at {fault.at} ({KINDS[call[0]]} {call[2:]}): {each}"
    for (fault_kind, what), many in count.items():
        if many > most:
            yield f"{found.keeper.name}, {fault_kind}: {what}: and {many - most} more"


def main(names: Sequence[str], most: int = MOST_TRIED) -> None:
    """Try keepers, all by default; exit 1 if anything was not as it should be."""
    if why := unable():
        sys.exit(f"skipped: {why}")
    waiting: SimpleQueue[Keeper] = SimpleQueue()
    for keeper in chosen(names):
        print(f"skipped: {keeper.unable}") if keeper.unable else waiting.put(keeper)
    results: list[Tried] = []
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        made = library(Path(name))

        def work(number: int) -> None:
            with Bench(Path(name) / f"bench-{number}", made) as bench:
                while True:
                    try:
                        keeper = waiting.get_nowait()
                    except Empty:
                        return
                    found = tried(bench, keeper, most)
                    results.append(found)
                    print("\n".join([*told(found), f"{HEAD}\n{found.row()}"]), flush=True)

        with ThreadPoolExecutor(BENCHES) as pool:
            list(pool.map(work, range(BENCHES)))
    print("\n" + "\n".join([HEAD, *(found.row() for found in sorted(results, key=lambda each: each.keeper.name))]))
    count, wrong = sum(found.count for found in results), sum(len(found.wrong) for found in results)
    print(f"{count} faults, {wrong} of them not as they should be; {time.monotonic() - begun:.0f} s")
    sys.exit(1 if wrong else 0)
