"""What is kept, stays: each way to lose it, tried at length.

    python tests/torture kills [COUNT]            sweeps killed at random moments and points, and gone on with on another engine
    python tests/torture faults [KEEPER…] [--most N]  each call to the disk goes wrong, for each keeper (N faults a keeper at most)
    python tests/torture power [KEEPER…]          the power cut at each call, and seconds after the end, on a disk of its own

Keepers are `run`, `sweep`, `room` … (`keepers.py`); by default all. Exit code 1 says that something was not as it should be.
"""

from __future__ import annotations

import argparse


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(
        prog="tests/torture", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    forms = parser.add_subparsers(dest="form", required=True)
    forms.add_parser("kills").add_argument("count", type=int, nargs="?", default=100)
    faulty = forms.add_parser("faults")
    faulty.add_argument("keepers", nargs="*")
    faulty.add_argument("--most", type=int, default=300)
    forms.add_parser("power").add_argument("keepers", nargs="*")
    asked = parser.parse_args()
    if asked.form == "kills":
        import kills

        kills.main(asked.count)
    elif asked.form == "faults":
        import faults

        faults.main(asked.keepers, asked.most)
    else:
        import power

        power.main(asked.keepers)


if __name__ == "__main__":
    main()
