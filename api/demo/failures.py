"""Failure of the demo: it cannot go on."""


class DemoFailed(Exception):
    """The message says why."""
