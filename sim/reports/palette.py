"""Colours of all figures."""

from matplotlib.patheffects import withStroke

INK, MUTED, FAINT = "#222222", "#666666", "#BBBBBB"
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
"""The palette of Okabe & Ito (2008)."""
TRUST_MAP = "viridis_r"
"""Trust from 0 (pale) to 1 (dark), the same in all figures."""
HALO = [withStroke(linewidth=3, foreground="white")]
"""A white outline around letters that lie over lines."""
