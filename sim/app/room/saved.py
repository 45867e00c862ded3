"""A game as files: the scenario with every change of rules, what everybody did, and what was observed of the whole."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sim.app.room.game import OBSERVED
from sim.core.results import for_spreadsheets
from sim.core.storage import explain_errors, write_file

if TYPE_CHECKING:
    from sim.app.room.keeping import Room

README = """{title}: a game in room {code}, {rounds} rounds of {months} month(s), seed {seed}.

scenario.toml   the ecosystem and every change of its rules, as interventions
decisions.csv   a row a round and firm: who played it, what was put in, what came of it (amounts in endowments of an average firm)
observed.csv    a row a month: what was seen of the whole
journal.jsonl   all that happened; from it the game is played again, to the last bit

The same rules, played by the model's firms alone:  tide run scenario.toml --seed {seed}
Which conditional cooperators would have done this: tide calibrate scenario.toml observed.csv --fit founding.slope_mean=0.2:1.2
Firms that follow their partners less or more:      tide sweep study.toml
"""
STUDY = """title = "The same rules, among firms that follow their partners less or more"
scenario = "scenario.toml"

[factors]
"founding.slope_mean" = [0.2, 0.4, 0.6, 0.8, 1.0, 1.2]

[replicates]
count = 20
"""


def files(room: Room) -> dict[str, bytes]:
    """Name → content of each file."""
    game, settings = room.game, room.settings
    scenario = game.scenario
    months = game.ecosystem.month
    dated = [event.model_dump() for event in scenario.interventions if event.at < months]
    if 0 < months < scenario.run.steps:
        scenario = scenario.replace({"run.steps": months, "interventions": dated})
    told = README.format(
        title=scenario.title, code=room.code, rounds=game.played, months=settings.months, seed=settings.seed
    )
    return {
        "README.txt": told.encode(),
        "scenario.toml": scenario.to_toml().encode(),
        "study.toml": STUDY.encode(),
        "decisions.csv": _csv(pd.DataFrame(game.rows)),
        "observed.csv": _csv(pd.DataFrame(game.observed(), columns=list(OBSERVED)).astype({"month": int})),
        "journal.jsonl": room.journal.path.read_bytes(),
    }


def _csv(table: pd.DataFrame) -> bytes:
    return for_spreadsheets(table).to_csv(index=False).encode()


def write(room: Room) -> Path:
    """Write all into the room's folder, beside its journal.

    Raises:
        Mistake: if the disk does not take it.
    """
    for name, content in files(room).items():
        if name != room.journal.path.name:
            with explain_errors(room.folder / name, "the journal holds the whole game"):
                write_file(room.folder / name, content)
    return room.folder


def packed(room: Room) -> bytes:
    """All in one zip."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files(room).items():
            archive.writestr(f"room-{room.code}/{name}", content)
    return held.getvalue()
