#!/usr/bin/env bash
# The launcher of Soundlake's jobs: ./spark-submit.sh JOB [options]; --help lists both.
#
# Finds a Python to begin with. soundlake.launch.bootstrap checks the machine, makes the environment and goes on to
# the job, all in this process: a signal sent to the script reaches the job.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd -P)

for candidate in python3 python3.11 python3.12 python3.13; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$candidate" -c 'import sys; sys.path.insert(0, sys.argv.pop(1))
from soundlake.launch.bootstrap import main
main()' "$root/lib" "$@"
    fi
done

echo "soundlake: Python 3.11 or newer is needed and none is on the PATH" \
    "(Debian, Ubuntu: apt install python3.11 python3.11-venv; macOS: brew install python@3.11)" >&2
exit 2
