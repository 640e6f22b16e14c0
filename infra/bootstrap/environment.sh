#!/bin/sh
# Environment: .venv with what requirements.lock names, and this checkout in it. Run from the checkout's root by make.
# PYTHON names another interpreter. Running it again brings the environment up to date.
set -eu

say() { printf '%s\n' "$*" >&2; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if new_enough "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
    say "Lastbook needs Python 3.11 or newer, and found none as ${PYTHON:-python3}."
    say "What to do: install it (Debian, Ubuntu: apt-get install python3 python3-venv), or: make PYTHON=/path/to/python"
    exit 1
}

make_venv() {
    python=$(find_python)
    say "Making .venv with $("$python" --version)"
    if "$python" -m venv --clear .venv >&2; then
        return
    fi
    if command -v uv >/dev/null 2>&1 && uv venv --clear --quiet --seed --python "$python" .venv; then
        return
    fi
    say "Python could not make a virtual environment here."
    say "What to do: install its venv package (Debian, Ubuntu: apt-get install python3-venv), then run make again."
    exit 1
}

can_compile() {
    command -v gcc >/dev/null 2>&1 || command -v cc >/dev/null 2>&1 || return 1
    .venv/bin/python -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'
}

# lightfm-next is compiled for the very processor that it runs on, so a C compiler and Python's headers are needed once.
need_compiler() {
    if .venv/bin/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("lightfm") is None)'; then
        return
    fi
    if ! can_compile && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing a C compiler and Python's headers, to build lightfm-next"
        DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq &&
            apt-get install -qq -y --no-install-recommends gcc libc6-dev python3-dev' >&2 || true
    fi
    if ! can_compile; then
        say "lightfm-next is built here, and there is no C compiler or no Python.h for $(.venv/bin/python --version)."
        say "What to do: install them (Debian, Ubuntu: apt-get install gcc libc6-dev python3-dev), then run make again."
        exit 1
    fi
}

# A checkout that was moved, or a Python that was upgraded away, leaves an environment that does not start.
if ! new_enough .venv/bin/python; then
    make_venv
fi
need_compiler
exec .venv/bin/python infra/bootstrap/install.py
