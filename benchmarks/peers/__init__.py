"""W0, contribution and trust, as others would write it; a peer is a class made of a `State`, with two methods.

`advance(months)`, and `outcome()`, which gives every firm's contribution and the trust on every tie, in the order of the state.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

PEERS = {
    "C, cc -O3 -march=native": ("in_c", "CPeer", ""),
    "NumPy": ("columns", "NumPyPeer", ""),
    "mesa-frames": ("frames", "FramesPeer", "pip install mesa-frames, on Python 3.12 or later"),
    "plain Mesa": ("plain", "MesaPeer", ""),
    "AgentPy": ("with_agentpy", "AgentPyPeer", "pip install agentpy"),
}
"""Name → module, class, and how to get what it needs besides Rising Tide."""


def installed() -> dict[str, Any]:
    """The peers that can run here; says which cannot, and what is missing."""
    found = {}
    for name, (module, peer, remedy) in PEERS.items():
        try:
            found[name] = getattr(import_module(f"benchmarks.peers.{module}"), peer)
        except ImportError as error:
            print(f"left out: {name} ({error}); {remedy}")
    return found
