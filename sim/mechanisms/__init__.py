"""The twelve phases of a month, one file each: the rules on top, below them the loops that apply them."""
