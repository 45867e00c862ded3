"""Contagion: all or nothing, once enough others act (Granovetter 1978; Watts 2002)."""

from sim.late import late


@late
def spread(world, rules, month):
    """Every firm that has not begun looks how many of its partners have."""


@late
def follow(world, rules, month):
    """Every firm looks how many of its partners have left."""
