"""The rules by which value is shared, one file each. A new file is found by itself; nothing else lists the rules."""

from importlib import import_module
from pkgutil import iter_modules

from sim.mechanisms.sharing_rules import registry
from sim.mechanisms.sharing_rules.registry import RULES, sharing_rule

__all__ = ["RULES", "sharing_rule"]

for _each in iter_modules(__path__):
    import_module(f"{__name__}.{_each.name}")
registry.sort()
