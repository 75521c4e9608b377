"""The whole architecture on this machine, without an account and without Docker: `make playground`.

The services are those of the tests, all on 127.0.0.1 and on free ports. One process starts them, watches them and
stops them; `up` is that process, `down` sends it a signal. What they write is below one folder, made anew by each `up`.

    python tests/playground/run.py up --rate 200
    python tests/playground/run.py down
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import IO, NoReturn

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.services.athena_on_trino import athena_on_trino
from helpers.services.dashboard import dashboard_server
from helpers.services.kafka import kafka_broker
from helpers.services.kinesis import CREDENTIALS, kinesis_emulator
from helpers.services.moto import moto_server
from helpers.services.object_store import REGION, object_store
from helpers.services.process import ServiceProcess
from helpers.services.trino import trino_server
from playground.sample_player import play, sample_records
from soundlake.errors import SoundlakeError
from soundlake.launch.paths import ROOT
from soundlake.settings import load_settings
from soundlake.settings.load import PREFIX

HOME = ROOT / "build" / "playground"
RATE = 200
BUCKET = STREAM = "playground"
_LOOK_AGAIN_SECONDS = 0.2
_SECONDS_TO_END = 40  # a service that does not stop is killed after ten
_GUIDE = """
The playground is up, and plays {count:,} records at {rate:g} a second into {source}. Rows come into the tables once the
stream has started: tail -f {home}/stream.log. Ctrl-C, or make playground-down, ends it.

  dashboard   {dashboard}
  Kafka       {kafka}, topics spotify.*
  Kinesis     {kinesis}, stream {stream}
  S3          {s3}, lake {lake}
  Glue        {glue}, database {database}
  Trino       {trino}, catalog awsdatacatalog; as Athena: {athena}
  files       {home}: stream.log, dashboard.log, and a folder for each service

In another terminal, in this folder:

  source {env}
  soundlake query "SELECT artist_name, count(*) AS plays FROM silver_plays GROUP BY 1 ORDER BY 2 DESC LIMIT 5"
  soundlake status
  echo '{{"id": "mine", "type": "track", "uri": "spotify:track:mine", "name": "A song of mine"}}' > {home}/mine.json
  soundlake import {home}/mine.json
  soundlake query "SELECT track_name, fetched_at FROM silver_tracks WHERE track_id = 'mine'"
  ./spark-submit.sh train_clusters
  ./spark-submit.sh build_insights
"""


class NotUpError(Exception):
    """A part did not start, or has ended; the message says which and why."""


def up(home: Path, rate: float, source: str) -> None:
    """Start all parts, print how to look into each, and watch them until a signal comes; raises NotUpError."""
    with _lock_of(home).open("a+") as lock:
        if not _taken(lock):
            guide = home / "guide"
            print(guide.read_text() if guide.exists() else f"the playground is being started by process {_pid(lock)}")
            return
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        tempfile.tempdir = str(home)  # where the services make their folders
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        with ExitStack() as parts:
            try:
                _run(parts, home, rate, source)
            except KeyboardInterrupt:
                print("ending the playground", flush=True)
            except (OSError, RuntimeError, SoundlakeError) as error:  # a service that did not start
                raise NotUpError(str(error)) from None
            finally:
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, signal.SIG_IGN)  # it ends already


def down(home: Path) -> None:
    """Let a playground end, and wait until all of it is gone."""
    path = _lock_of(home)
    if not path.exists():
        print("no playground is up")
        return
    with path.open("a+") as lock:
        if _taken(lock):
            print("no playground is up")
            return
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(_pid(lock), signal.SIGTERM)
            os.kill(_pid(lock), signal.SIGCONT)  # Ctrl-Z may have suspended it
        while not _taken(lock):
            Event().wait(_LOOK_AGAIN_SECONDS)
    print("the playground has ended")


def _run(parts: ExitStack, home: Path, rate: float, source: str) -> NoReturn:
    """Start all parts; returns only by an exception."""
    began = monotonic()
    records = sample_records()
    os.environ.pop("AWS_PROFILE", None)
    broker = parts.enter_context(kafka_broker())
    _say(began, f"Kafka at {broker.bootstrap_servers}")
    emulator = parts.enter_context(kinesis_emulator())
    emulator.new_stream(shards=2, name=STREAM)
    _say(began, f"Kinesis at {emulator.endpoint_url}")
    store = parts.enter_context(object_store())
    store.make_bucket(BUCKET)
    _say(began, f"S3 at {store.url}")
    glue = parts.enter_context(moto_server())
    _say(began, f"Glue at {glue}")
    trino = parts.enter_context(trino_server(store.url, glue, BUCKET))
    athena = parts.enter_context(athena_on_trino(trino))
    _say(began, f"Trino at {trino.url}")

    told = {
        "lake.uri": f"s3://{BUCKET}/lake",
        "source.type": source,
        "source.kafka.bootstrap_servers": broker.bootstrap_servers,
        "source.kinesis.stream": STREAM,
        "source.kinesis.region": REGION,
        "source.kinesis.endpoint_url": emulator.endpoint_url,
        "publish.to": source,
        "s3.endpoint_url": store.url,
        "s3.region": REGION,
        "catalog.type": "glue",
        "catalog.endpoint_url": glue,
        "athena.endpoint_url": athena,
        "train.sources": "*",
        "extract.state": str(home / "state"),
        "refine.index_folder": str(home / "index"),
    }
    variables = _variables(told)
    settings = load_settings(env=variables)
    for topic in settings.source.topics.model_dump().values():
        broker.create_topic(topic, partitions=2)
    environment = {**_without_settings(os.environ), **variables, "SPARK_LOCAL_DIRS": str(home / "spark")}
    launch = [sys.executable, "-m", "soundlake.launch", "stream"]
    stream = ServiceProcess(launch, home / "stream.log", environment, cwd=ROOT)
    parts.callback(stream.kill)  # the lake goes with it: no batch has to be finished
    page = parts.enter_context(dashboard_server(log=home / "dashboard.log", env=environment, cwd=ROOT))
    _say(began, f"the dashboard at {page}")

    os.environ.update(variables)  # for the player, which runs here
    stopped = Event()
    parts.callback(stopped.set)
    playing = _in_background(partial(play, records, settings, rate, stopped))
    env = home / "env"
    env.write_text(_script(variables))
    guide = _GUIDE.format(
        count=len(records),
        rate=rate,
        source=source,
        dashboard=page,
        kafka=broker.bootstrap_servers,
        kinesis=emulator.endpoint_url,
        stream=STREAM,
        s3=store.url,
        lake=settings.lake.uri,
        glue=glue,
        database=settings.catalog.database,
        trino=trino.url,
        athena=athena,
        home=_shown(home),
        env=_shown(env),
    )
    print(guide, flush=True)
    (home / "guide").write_text(guide)
    watch(playing)


def watch(playing: Future[int]) -> NoReturn:
    """Wait while all parts run, and say when the sample is played; raises NotUpError where a part has ended."""
    said = False
    while True:
        for process in ServiceProcess.started:
            if not process.is_running():
                ended = f"{process.log} is of a part that has ended, with {process.popen.returncode}; its last lines:"
                raise NotUpError(f"{ended}\n{process.end_of_log()}")
        if playing.done() and not said:
            if error := playing.exception():
                raise NotUpError(f"the sample is not played on: {error}")
            print(f"the sample is played: {playing.result():,} records", flush=True)
            said = True
        Event().wait(_LOOK_AGAIN_SECONDS)


def _in_background(run: Callable[[], int]) -> Future[int]:
    """Run in a thread that nobody waits for at the end: a broker that is gone would hold it for minutes."""
    done: Future[int] = Future()

    def begin() -> None:
        try:
            done.set_result(run())
        except BaseException as error:
            done.set_exception(error)

    Thread(target=begin, daemon=True).start()
    return done


def _variables(told: Mapping[str, str]) -> dict[str, str]:
    """Settings, and what AWS's clients need, as variables of the environment."""
    named = {PREFIX + key.upper().replace(".", "__"): value for key, value in told.items()}
    return {**named, **CREDENTIALS, "AWS_REGION": REGION}


def _without_settings(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if not name.startswith(("AWS_", PREFIX))}


def _script(variables: Mapping[str, str]) -> str:
    """What a shell reads so that every command is about the playground."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    path = f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"
    return "\n".join(["unset AWS_PROFILE", *lines, path, ""])


def _shown(path: Path) -> str:
    return shlex.quote(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path))


def _say(began: float, what: str) -> None:
    print(f"{monotonic() - began:5.1f} s  {what}", flush=True)


def _interrupt(*_: object) -> NoReturn:
    """Stop all parts in order; the alarm ends the process where a library's callback swallows the exception."""
    signal.alarm(_SECONDS_TO_END)  # the kernel ends the parts too
    raise KeyboardInterrupt


def _lock_of(home: Path) -> Path:
    """Beside the folder, which is made anew."""
    home.parent.mkdir(parents=True, exist_ok=True)
    return home.with_name(f"{home.name}.lock")


def _taken(lock: IO[str]) -> bool:
    """Take the lock, which the system gives back when its holder ends; returns whether nobody else has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid(lock: IO[str]) -> int:
    lock.seek(0)
    return int(lock.read())


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["up", "down"])
    parser.add_argument("--rate", type=positive_number, default=RATE, help="records a second")
    parser.add_argument("--source", choices=["kafka", "kinesis"], default="kafka", help="where they are played into")
    parser.add_argument("--home", type=Path, default=HOME, help="where the files are")
    given = parser.parse_args()
    home = given.home.resolve()
    try:
        if given.what == "up":
            up(home, given.rate, given.source)
        else:
            down(home)
    except NotUpError as error:
        sys.exit(f"the playground has ended: {error}")


def positive_number(text: str) -> float:
    """Read a number above 0; raises ValueError, in which argparse names this function."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


if __name__ == "__main__":
    main()
