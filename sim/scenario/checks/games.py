"""What must hold between the values of a scenario in which games are played, or strategies spread."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sim.core.errors import counted, nearest
from sim.core.reading import Key
from sim.mechanisms.strategies import BUILT_IN
from sim.scenario.schema import Schema

ADDS_TO_ONE = 1e-6
SHARES: Key = ("founding", "strategies")
ROWS: Key = ("value", "matrix", "payoffs")
SHOWN = 64
"""The most strategies that a scenario may have."""


def strategies(scenario: Schema) -> Iterator[tuple[Key, str]]:
    """Firms play strategies that there are, in shares that sum to 1, if their ties ask for them."""
    shares = scenario.founding.strategies
    known = BUILT_IN | scenario.exchange.strategies
    for name in shares:
        if name not in known:
            hint = nearest(name, known) or f"; known are {', '.join(known)}"
            yield SHARES, f"{name!r} is no strategy{hint}; write your own under [exchange.strategies.{name}]"
    if shares and abs(math.fsum(shares.values()) - 1) > ADDS_TO_ONE:
        yield SHARES, f"the shares sum to {math.fsum(shares.values()):.6g}; they must sum to 1"
    if len(shares) > SHOWN:
        yield SHARES, f"{len(shares)} strategies; at most {SHOWN} are allowed"
    if scenario.exchange.on and scenario.exchange.rule == "strategies" and not shares:
        yield SHARES, 'exchange.rule = "strategies" needs strategies, e.g. { cooperate = 0.5, defect = 0.5 }'


def matrix(scenario: Schema) -> Iterator[tuple[Key, str]]:
    """A game with many actions is square, and each strategy plays one of its rows."""
    payoffs, actions = scenario.value.matrix.payoffs, len(scenario.value.matrix.payoffs)
    if any(len(row) != actions for row in payoffs):
        yield (
            ROWS,
            f"{counted(actions, 'row')} of {', '.join(str(len(row)) for row in payoffs)} numbers; a game has as many columns as rows",
        )
    known = BUILT_IN | scenario.exchange.strategies
    for name in scenario.founding.strategies:
        row = known[name].row if name in known else 1
        if actions and not 1 <= row <= actions:
            yield (
                ("exchange", "strategies"),
                f"{name}: row = {row}; with value.matrix.payoffs each strategy plays one of the rows 1 to {actions}, always",
            )
        elif not actions and row > 2:
            yield (
                ("exchange", "strategies"),
                f"{name}: row = {row}, but the game has 2 rows; write value.matrix.payoffs",
            )
    if actions and not scenario.founding.strategies:
        yield ROWS, "a game with more actions needs strategies that play its rows; write founding.strategies"


def game_forms(scenario: Schema) -> Iterator[tuple[Key, str]]:
    """In games payoffs stay with the players; what spreads by payoff must have payoffs to go by."""
    form, rule = scenario.value.form, scenario.contribution.rule
    if not scenario.value.on:
        form = "exchange"
    for phase in ("sharing", "fairness"):
        if form != "exchange" and getattr(scenario, phase).on:
            yield (phase, "on"), f'with value.form = "{form}" payoffs stay with the players; set {phase}.on = false'
    if not scenario.contribution.on:
        return
    if rule in ("imitate", "reinforce") and form == "exchange" and not (scenario.value.on and scenario.fairness.on):
        yield (
            ("contribution", "rule"),
            f'"{rule}" goes by payoffs: set fairness.on = true, or value.form = "matrix" or "groups"',
        )
    if rule == "reinforce" and not (
        scenario.exchange.on and scenario.exchange.rule == "strategies" and form == "matrix"
    ):
        yield (
            ("contribution", "rule"),
            '"reinforce" needs actions and their payoffs: set exchange.rule = "strategies" and value.form = "matrix"',
        )
    if rule == "inequity" and form == "matrix":
        yield (
            ("contribution", "rule"),
            '"inequity" asks what a contribution brings back: set value.form = "exchange" or "groups"',
        )
    imitation = scenario.contribution.imitation
    if rule == "imitate" and imitation.update == "birth_death" and imitation.order == "synchronous":
        yield (
            ("contribution", "imitation", "update"),
            '"birth_death" is one birth at a time; set order = "asynchronous", or take "moran" for whole generations',
        )


def copies(scenario: Schema) -> Iterator[tuple[Key, str]]:
    """Copies stay apart: nobody comes, goes or changes partners, and nothing is shared by all."""
    if scenario.founding.copies == 1:
        return
    for phase in ("sharing", "voice", "partnering", "membership"):
        if getattr(scenario, phase).on:
            yield ("founding", "copies"), f"copies of an ecosystem stay apart; set {phase}.on = false"
