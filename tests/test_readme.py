"""The README: what it shows in Python works as it stands."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BEHAVIOUR = next(block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "class " in block)


def test_a_behaviour_of_ones_own_in_ten_lines_works_as_shown(capsys):
    lines = [line for line in BEHAVIOUR.splitlines() if line.strip()]
    assert len(lines) <= 10
    exec(compile(BEHAVIOUR, "README.md", "exec"), {})  # noqa: S102  (our own page)
    usual, sceptical = map(float, capsys.readouterr().out.split())
    assert 0 < sceptical < usual / 2
    assert f"It prints {usual:.2f}, and {sceptical:.2g}" in README


def test_the_quickstart_names_what_is_there():
    study = re.search(r"tide sweep (\S+)", README)
    assert study is not None
    assert (Path(__file__).parent.parent / study[1]).is_file()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_every_link_leads_somewhere(target):
    assert (Path(__file__).parent.parent / target).exists()
