"""Open files: a process that serves many tenants keeps one for each model."""

import resource


def raise_open_files() -> int:
    """Allow as many as the system lets us have; returns how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
