#!/usr/bin/env bash
# ONNX Runtime writes a device id into the user's home as soon as it is imported.
#
# Version: onnxruntime 1.32.0 from PyPI, Linux x86-64, Python 3.11.
# Expected: telemetry is a matter of the builds for Windows, as the library's privacy page has it;
#   or else `onnxruntime.disable_telemetry_events()`, called first thing, leaves nothing behind.
# Seen: importing it makes ~/.cache/Microsoft/DeveloperTools/.onnxruntime/ with a `deviceid` and an
#   SQLite file, before any session exists. `disable_telemetry_events()` comes too late: both files
#   are there already. Only ORT_DISABLE_TELEMETRY=1 in the environment before the import prevents
#   them.
# What Barkive does: sets the variable while it imports the library (src/barkive/devices.py).
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0

written() { # NAME CODE [VARIABLE]: what CODE leaves in a home that is empty
    mkdir "$work/$1"
    env -u ORT_DISABLE_TELEMETRY -u XDG_CACHE_HOME HOME="$work/$1" ${3:+"$3"} \
        "$work/venv/bin/python" -c "$2"
    (cd "$work/$1" && find . -type f | sort)
}

imported=$(written imported "import onnxruntime")
disabled=$(written disabled "import onnxruntime; onnxruntime.disable_telemetry_events()")
variable=$(written variable "import onnxruntime" ORT_DISABLE_TELEMETRY=1)
printf 'import alone:\n%s\n' "${imported:-nothing}"
printf 'disable_telemetry_events() after it:\n%s\n' "${disabled:-nothing}"
printf 'ORT_DISABLE_TELEMETRY=1 before it:\n%s\n' "${variable:-nothing}"

grep -q '/.onnxruntime/deviceid$' <<<"$imported" || { echo "Changed: the import writes no id."; exit 1; }
grep -q '/.onnxruntime/deviceid$' <<<"$disabled" || { echo "Changed: the call comes in time."; exit 1; }
[ -z "$variable" ] || { echo "Changed: the variable does not prevent it."; exit 1; }
echo "As stated."
