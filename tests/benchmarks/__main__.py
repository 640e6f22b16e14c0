"""`python -m tests.benchmarks NAME --json`: runs one benchmark; the last line it prints is its figures as JSON.

`ratio` is always ours over the reference that was measured in the same run: larger is better.
"""

import argparse
import json
import sys
from importlib import import_module

NAMES = (
    "serving",
    "ingest",
    "import",
    "training",
    "quality",
    "memory",
    "configure",
    "preorder",
    "replenishment",
    "widget",
    "slots",
    "lighthouse",
)
MODULES = {"import": "importing"}
"""Where the name is a word of Python."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    arguments = parser.parse_args()
    module = MODULES.get(arguments.name, arguments.name)
    figures: dict[str, object] = import_module(f"tests.benchmarks.{module}").run()
    if not arguments.json:
        for name, value in figures.items():
            sys.stdout.write(f"{name:<28}{value}\n")
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
