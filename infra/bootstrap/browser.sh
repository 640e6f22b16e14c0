#!/bin/sh
# Browser: prints the path of a Chromium for the widget tests; as root on Debian or Ubuntu installs one if there is none.
# CHROMIUM names another one.
set -eu

find_browser() {
    for name in ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" 2>/dev/null; then
            return 0
        fi
    done
    return 1
}

install_browser() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    echo "Installing Chromium for the widget tests" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2 && apt-get install -qq -y --no-install-recommends chromium fonts-liberation >&2
}

find_browser && exit 0
install_browser && find_browser && exit 0
cat >&2 <<'MESSAGE'
The widget tests need Chromium, and none was found or could be installed.
What to do: install it (Debian, Ubuntu: sudo apt-get install chromium fonts-liberation; other systems: Google Chrome will
do), or name the one that you have: make test CHROMIUM=/path/to/chromium
MESSAGE
exit 1
