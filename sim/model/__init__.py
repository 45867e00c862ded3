"""The model: parameters, founding, the loop of a month, Mesa's ecosystem and firms, and the record of a run."""
