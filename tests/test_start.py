"""Commands begin quickly: what takes long to import is imported where it is needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sim.experiments.runner.processes import environment

MODEL = "mesa networkx matplotlib PIL jinja2 scipy.stats scipy.sparse scipy.optimize scipy.spatial sim.model.ecosystem sim.app"
"""What no run of the compiled engine needs."""
SMALL = "from sim import run; run('rising_tide', **{'run.steps': 2, 'founding.firms': 20})"
HELP = "from sim.cli import command; command()(args=['--help'], standalone_mode=False)"
RUN = """
from sim.cli import command
words = ['run', 'rising_tide', '--no-figure', '--set', 'run.steps=2', '--set', 'founding.firms=20']
command()(args=words, standalone_mode=False)
"""
STARTS = {
    "import sim": ("import sim", "mesa matplotlib numba numpy pandas pyarrow pydantic scipy rich typer"),
    "tide --help": (HELP, "mesa matplotlib numba numpy pandas pyarrow pydantic scipy jinja2"),
    "a run in Python": (SMALL, f"{MODEL} rich typer sim.reports sim.experiments.sweeping"),
    "tide run --no-figure": (RUN, f"{MODEL} distributed sim.experiments.sweeping sim.experiments.design"),
}
"""What is done, and what must not be imported for it."""


@pytest.mark.parametrize("name", STARTS)
def test_what_takes_long_to_import_is_not_imported_where_it_is_not_needed(name, tmp_path):
    code, heavy = STARTS[name]
    look = f"import json, sys\n{code}\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, env=environment(), cwd=tmp_path
    )
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert "sim" in imported
    assert imported.isdisjoint(heavy.split())
