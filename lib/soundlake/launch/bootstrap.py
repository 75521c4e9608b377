"""From a bare checkout to a running launcher: Java, Python, environment, jars.

Runs in whatever Python spark-submit.sh found, before anything is installed: the standard library only.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from soundlake.errors import UsageError
from soundlake.launch import environment
from soundlake.launch.command_line import Parser, read_command_line, words
from soundlake.launch.java import check_java
from soundlake.launch.report import reported, say
from soundlake.launch.versions import choose_spark_line, version_of_checkout


def main() -> NoReturn:
    """Set up what is missing and become the launcher (the process id stays); with --setup, only set up.

    The command line is checked first, so that nobody waits for an installation to learn of a typo.
    """
    # Told to stop while it installs, it stops pip as well; the handler does not outlive this program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with reported():
        options, rest = _parser().parse_known_args(sys.argv[1:])
        if options.version:
            print(f"soundlake {version_of_checkout()}")
            sys.exit(0)
        if options.completion:
            print(f'complete -o default -W "{" ".join(words())}" spark-submit.sh')
            sys.exit(0)
        line = choose_spark_line(options.spark)
        if options.setup is None:
            read_command_line(rest)
        elif options.setup not in ("run", "dev") or rest:
            raise UsageError("--setup stands alone: ./spark-submit.sh --setup, or --setup dev with developers' tools")
        java = check_java(line.java)
        environment.prepare(line, java, with_dev=options.setup == "dev", is_asked=options.setup is not None)
        python = str(environment.interpreter(line))
    if options.setup:
        say(f"{line.environment} is ready")
        sys.exit(0)
    os.execv(python, [python, "-m", "soundlake.launch", *rest])


def _parser() -> Parser:
    parser = Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--spark")
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--completion", action="store_true")
    parser.add_argument("--setup", nargs="?", const="run")
    return parser
