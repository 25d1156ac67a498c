"""Several processes that train as one: torch's process group, its ranks and collectives."""
