"""How runs are done: shards, workers, and one result whatever happens on the way."""
