"""Luck: every draw is a pure function of (seed, purpose, step, who).

Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") turns a counter into random words under a key.
The key is the seed; the counter says what is drawn, when and for whom. So a firm meets the same luck under every design, whatever
the order, the engine or the number of workers, and no generator has a state that could fall out of step.
"""

from __future__ import annotations

import zlib

import numpy as np

from sim.core.jit import kernel, rule

_WORD = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIER = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
_PURPOSES: dict[int, str] = {}


def purpose(name: str) -> np.uint64:
    """A number for a named purpose of drawing; one name for one decision.

    It is no Python integer, because Numba would compile every function anew for each of those.

    Raises:
        ValueError: if the name, or by rare accident its number, is taken.
    """
    number = zlib.crc32(name.encode())
    if number in _PURPOSES:
        raise ValueError(
            f"the purpose {name!r} is taken (by {_PURPOSES[number]!r}): give each decision a name of its own"
        )
    _PURPOSES[number] = name
    return np.uint64(number)


def key(seed: int) -> np.uint64:
    """The key of a seed from 0 to 2^64 − 1."""
    if not 0 <= seed < 2**64:
        raise ValueError(f"a seed is a whole number from 0 to 2^64 - 1, not {seed}")
    return np.uint64(seed)


@kernel
def philox(key, c0, c1, c2, c3):
    """Four random 32-bit words (as 64-bit integers) for a counter of four words: ten Philox rounds."""
    k0, k1 = key & _WORD, key >> _HALF
    for _round in range(10):
        first, second = c0 * _MULTIPLIER[0], c2 * _MULTIPLIER[1]
        c0, c1, c2, c3 = (second >> _HALF) ^ c1 ^ k0, second & _WORD, (first >> _HALF) ^ c3 ^ k1, first & _WORD
        k0, k1 = (k0 + _WEYL[0]) & _WORD, (k1 + _WEYL[1]) & _WORD
    return c0, c1, c2, c3


@kernel
def words(key, purpose, step, who):
    """The four words of a draw."""
    person = np.uint64(who)
    return philox(key, person & _WORD, person >> _HALF, np.uint64(step), purpose)


@rule
def unit(word):
    """A word as a number in (0, 1), never 0 nor 1."""
    return (np.float64(word) + 0.5) * 2.0**-32


@kernel
def uniform(key, purpose, step, who):
    """A uniform draw in (0, 1)."""
    return unit(words(key, purpose, step, who)[0])


@kernel
def standard(key, purpose, step, who):
    """A nearly normal draw, mean 0 and variance 1: the sum of four uniforms, centred and scaled (its tails end at ±3.46)."""
    a, b, c, d = words(key, purpose, step, who)
    return (unit(a) + unit(b) + unit(c) + unit(d) - 2.0) * np.sqrt(3.0)


@rule
def below(draw, count):
    """A whole number from 0 to count − 1, out of a uniform draw."""
    return min(int(draw * count), count - 1)


@kernel
def uniforms(key, purpose, step, who):
    """A uniform draw for each of many."""
    draws = np.empty(who.size)
    for k in range(who.size):
        draws[k] = uniform(key, purpose, step, who[k])
    return draws


def subkey(key: np.uint64, purpose: np.uint64, who: int) -> np.uint64:
    """A key of its own for one purpose: what seeds a replicate, or a library that wants a generator."""
    high, low, _, _ = words(key, purpose, 0, who)
    return np.uint64((int(high) << 32) | int(low))
