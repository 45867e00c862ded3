"""What people in the room see: players, the projector, the teacher. Money is in points, a hundredth of an average firm's month."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sim.app.film import Frame, of_255
from sim.app.room.game import trust_in
from sim.app.room.keeping import Player, Room
from sim.app.words import speak
from sim.core.names import Decider, FairnessNorm, words
from sim.mechanisms.fairness import behind
from sim.mechanisms.sharing_rules import RULES
from sim.mechanisms.trust import shortchanged
from sim.model.firm import Firm, Tie

POINTS = 100.0
OPEN = 0.5
"""Transparency from which partners' books are open."""
SERIES = ("firms", "value", "trust", "take_rate", "partner_contribution", "grievance")
NOTABLE = 0.05
"""Share of what was due that did not come, from which a firm is told that it is shortchanged."""


def number(value: Any, digits: int = 4) -> float | None:
    """A number as pages take it; None for what is none."""
    return round(float(value), digits) if math.isfinite(value) else None


def points(value: float) -> float | None:
    """Points of an amount in endowments."""
    return number(POINTS * value, 1)


def told_of(name: str, value: float) -> float | None:
    """A number of a series as people in the room read it: money in points, like all that their phones say."""
    return points(value) if name == "value" else number(value)


def summing(parts: Sequence[float]) -> list[int]:
    """Whole numbers, each a part rounded up or down, that add up to the rounded sum: the largest remainders are rounded up."""
    if not all(map(math.isfinite, parts)):
        return []
    whole = [math.floor(part) for part in parts]
    up = round(math.fsum(parts)) - sum(whole)
    order = sorted(range(len(parts)), key=lambda k: whole[k] - parts[k])
    return [floor + (k in order[:up]) for k, floor in enumerate(whole)]


SHOWN = {
    "sharing.take_rate": "take_rate",
    "governance.transparency": "transparency",
    "governance.monitoring": "monitoring",
    "governance.fine": "fine",
    "governance.norm": "norm",
    "voice.feedback": "feedback",
    "voice.decider": "decider",
    "exchange.reciprocity": "reciprocity",
}
"""The rules that people are told of, by their full key."""


def in_force(room: Room) -> dict[str, Any]:
    """The rules of the last month."""
    now = room.game.ecosystem.rules
    mix = dict(zip(RULES, now.mix.weight.tolist(), strict=True))
    told: dict[str, Any] = {}
    for key, name in SHOWN.items():
        section, _, field = key.partition(".")
        told[name] = number(getattr(now, section)[field])
    return told | {
        "decider": words(Decider)[int(now.voice.decider)],
        "mix": max(mix, key=lambda name: mix[name]),
        "mixed": sum(weight > 0.01 for weight in mix.values()) > 1,
        "cost": number(now.exchange.cost),
        "claim": words(FairnessNorm)[int(now.fairness.norm)],
    }


def announced(room: Room) -> dict[str, Any]:
    """The rules of the round that is being chosen for: those of the last month, and what is dated from now on."""
    told = in_force(room)
    for event in room.game.scenario.events:
        if event.kind == "rules" and event.at == room.game.ecosystem.month:
            for key, value in event.set.items():
                if key in SHOWN:
                    told[SHOWN[key]] = value
                elif key == "sharing.mix":
                    told["mix"], told["mixed"] = max(value, key=lambda name: value[name]), len(value) > 1
    return told


class Shown:
    """All that is seen of a room after a round, reckoned once."""

    def __init__(self, room: Room) -> None:
        self.room, game = room, room.game
        self.members = game.members()
        self.played_by = {player.firm: player.name for player in room.players.values() if player.firm is not None}
        self.rules, self.last = announced(room), in_force(room)
        founders = set(room.seats)
        late = sorted({row["firm"] for row in game.rows if row["role"] != "orchestrator"} - founders)
        self.called = {identity: f"N{k}" for k, identity in enumerate(late, 1)}
        """Newcomers by the order of their coming; their own numbers are long."""
        self.history: dict[int, list[tuple[float | None, float | None]]] = {}
        for row in game.rows:
            told = (points(row["payoff"]), number(row["contribution"], 3))
            self.history.setdefault(row["firm"], []).append(told)
        frame = {"round": game.played, "rounds": game.rounds, "month": game.ecosystem.month, "months": game.months}
        self.frame = frame | {"rules": self.rules, "news": list(room.news)}

    def name(self, firm: Firm) -> str:
        """What a firm is called: by who plays it, where names are shown."""
        label = self.label(firm.identity)
        return self.played_by.get(firm.identity, label) if self.room.settings.names else label

    def label(self, identity: int) -> str:
        """What a firm is called, whoever plays it."""
        return self.called.get(identity, self.members[identity].name)

    def player(self, player: Player) -> dict[str, Any]:
        """What a player sees."""
        you: dict[str, Any] = {"name": player.name, "number": player.number, "lost": player.lost}
        if player.firm is None:
            before = [each.number for each in self.room.players.values() if each.firm is None]
            return self.frame | {"you": you | {"waiting": before.index(player.number) + 1}}
        firm = self.members[player.firm]
        you |= {
            "firm": self.label(firm.identity),
            "role": firm.role_name,
            "bot": self.room.is_bot(player),
            "missed": player.missed,
        }
        return self.frame | {
            "you": you,
            "choice": player.choice.plain(),
            "books": self.books(firm),
            "partners": [self.partner(tie, back) for tie, back in zip(firm.ties, trust_in(firm), strict=True)],
            "history": self.history.get(firm.identity, []),
        }

    def books(self, firm: Firm) -> dict[str, Any]:
        """What a firm has, what it got last month, and why."""
        now, p = self.room.game.ecosystem.world.now, self.room.game.ecosystem.rules
        back = trust_in(firm)
        effort = p.exchange.cost * firm.effort
        upkeep = p.partnering.upkeep * firm.degree
        rest = firm.payoff - (firm.endowment + firm.benefit - effort - firm.fine - upkeep)
        deals = [partner.deal for partner in firm.partners]
        openness = p.governance.transparency
        others = openness * now.fair_deal + (1.0 - openness) * (sum(deals) / len(deals) if deals else now.fair_deal)
        played = self.room.game.played > 0
        parts = [firm.endowment, firm.benefit, -effort, -upkeep, -firm.fine, rest]
        short = shortchanged(firm.disadvantage, firm.benefit / firm.endowment) if played else 0.0
        return {
            "contribution": number(firm.contribution, 3),
            "endowment": points(firm.endowment),
            "reserves": number(firm.reserves, 2),
            "payoff": points(firm.payoff) if played else None,
            "spent": points(effort),
            "created": points(firm.shapley),
            "got": points(firm.benefit),
            "fine": points(firm.fine),
            "wronged": bool(firm.fine > 0.0 and firm.contribution >= p.governance.norm),  # monitoring errs now and then
            "upkeep": points(upkeep),
            "rest": points(rest) if played else 0.0,
            "account": summing([POINTS * float(part) for part in parts]) if played else [],
            "trust": number(sum(back) / len(back), 3) if back else None,
            "deal": number(firm.deal, 3),
            "others": number(others, 3),
            "behind": number(behind(firm.deal, others), 3),
            "short": bool(short >= NOTABLE),
            "strikes": number(firm.strikes, 2),
            "kept": self.last["take_rate"],
            "shared": self.last["mix"],
        }

    def partner(self, tie: Tie, back: float) -> dict[str, Any]:
        """What a firm sees of a partner: what passed between them, and its books where books are open."""
        other = tie.other
        seen = {
            "id": other.identity,
            "name": self.name(other),
            "role": other.role_name,
            "person": other.identity in self.played_by,
            "promised": points(tie.promised),
            "received": points(tie.received),
            "given": points(tie.given),
            "trust": number(tie.trust, 3),
            "back": number(back, 3),
        }
        if self.last["transparency"] < OPEN:
            return seen
        return seen | {"contribution": number(other.contribution, 3), "payoff": points(other.payoff)}

    def screen(self) -> dict[str, Any]:
        """What the projector shows."""
        history, settings = self.room.game.ecosystem.simulation.history, self.room.settings
        told = {
            "code": self.room.code,
            "title": speak(settings.language).title(settings.scenario, self.room.game.scenario.title),
            "seats": len(self.room.seats),
            "series": {name: [told_of(name, value) for value in history[name].tolist()] for name in SERIES},
            "network": self.network(),
        }
        if self.room.settings.ranking:
            told["ranking"] = self.ranking()[:10]
        return self.frame | told

    def network(self) -> dict[str, Any]:
        """Firms and ties, as the map draws them."""
        frame = Frame(self.room.game.ecosystem.world)
        places = {identity: k for k, identity in enumerate(frame.id.tolist())}
        top = float(frame.benefit.max()) if frame.benefit.size else 0.0
        size = of_255((frame.benefit / top) ** 0.5) if top > 0 else of_255(frame.benefit)
        members = [self.members[identity] for identity in frame.id.tolist()]
        return {
            "firms": [{"id": firm.identity, "name": self.name(firm), "role": firm.role} for firm in members],
            "size": size.tolist(),
            "trust": frame.trust.tolist(),
            "contribution": frame.contribution.tolist(),
            "source": [places[identity] for identity in frame.source.tolist()],
            "target": [places[identity] for identity in frame.target.tolist()],
            "tie": frame.tie_trust.tolist(),
        }

    def ranking(self) -> list[dict[str, Any]]:
        """Who has earned how much in all with the firm that they play, the most first."""
        earned = []
        for player in self.room.players.values():
            if player.firm is not None:
                paid = [payoff or 0.0 for payoff, _share in self.history.get(player.firm, [])]
                earned.append({"name": player.name, "firm": self.label(player.firm), "points": round(sum(paid))})
        return sorted(earned, key=lambda each: -each["points"])

    def desk(self) -> dict[str, Any]:
        """What the teacher sees besides."""
        players = [
            {
                "number": player.number,
                "name": player.name,
                "firm": "" if player.firm is None else self.label(player.firm),
                "missed": player.missed,
                "bot": self.room.is_bot(player),
            }
            for player in self.room.players.values()
        ]
        told = {"settings": self.room.settings._asdict(), "remarks": self.room.remarks, "ranking": self.ranking()}
        return self.screen() | told | {"players": players, "folder": str(self.room.folder)}
