"""Names that somebody may give a firm to do harm, and a network of them."""

from __future__ import annotations

from pathlib import Path

NAMES = (
    "<script>alert(1)</script>",
    "=cmd()",
    "+1+1",
    "@SUM(A1)",
    "-2",
    "\u202eright to left",
    "شركة البحر",
    "Ω" * 10_000,
    'quo"ted & <b>bold</b>',
    "</script><script>alert(2)</script>",
    "Plain",
    "Other",
)


def hostile_network(folder: Path) -> Path:
    """A scenario in which the firms bear these names: a ring, and everybody tied to the first of them, which leads."""
    ring = [(k, (k + 1) % len(NAMES)) for k in range(len(NAMES))]
    hub = [(0, k) for k in range(2, len(NAMES) - 1)]
    _csv(
        folder / "firms.csv",
        ["name", "role"],
        [(name, "alliance" if k else "orchestrator") for k, name in enumerate(NAMES)],
    )
    _csv(
        folder / "ties.csv", ["source", "target"], [(NAMES[one], NAMES[other]) for one, other in sorted({*ring, *hub})]
    )
    scenario = folder / "hostile.toml"
    scenario.write_text(
        'title = "<script>alert(3)</script> & co."\n[run]\nsteps = 36\n[founding]\nfirms = "firms.csv"\nties = "ties.csv"\n'
        "[value]\nreference_size = 12\n[sharing]\ntake_rate = 0.2\n[membership]\non = false\n",
        encoding="utf-8",
    )
    return scenario


def _csv(path: Path, header: list[str], rows: list[tuple[str, str]]) -> None:
    import csv

    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
