"""`python -m sim.cli` is `tide`."""

from sim.cli import main

main()
