"""A real Kafka broker: one node that is its own controller, on 127.0.0.1, with its data in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from uuid import uuid4

from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from helpers.services import kafka_login
from helpers.services.installed import kafka_jars
from helpers.services.ports import free_ports
from helpers.services.process import ServiceProcess
from soundlake.launch.java import check_java
from soundlake.launch.versions import choose_spark_line

_PATIENCE_SECONDS = 90
_JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},LOGIN://127.0.0.1:{login},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},LOGIN://127.0.0.1:{login}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,LOGIN:SASL_SSL,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.check.interval.ms=500
log.initial.task.delay.ms=500
log.segment.delete.delay.ms=500
"""


class Broker:
    """A broker that can be killed and started again on the same data and ports.

    Anybody may use `bootstrap_servers`; who comes by `login_servers` has to log in, see `services.kafka_login`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster_id = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
        port, login, controller = free_ports(3)
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self.login_servers = f"127.0.0.1:{login}"
        self._properties = folder / "server.properties"
        properties = _PROPERTIES.format(port=port, login=login, controller=controller, folder=folder)
        self._properties.write_text(properties + kafka_login.server_properties(folder))
        # Its own libraries only: what other Kafkas and Javas of the machine set is not for this one.
        self._environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
        self._java = str(check_java(choose_spark_line().java).executable)
        self.certificate = kafka_login.make_certificate(folder, Path(self._java).resolve().with_name("keytool"))
        self._class_path = f"{kafka_jars()}/*"
        # With "=": an id may begin with a dash.
        identity = f"--cluster-id={self.cluster_id}"
        format_storage = ["kafka.tools.StorageTool", "format", identity, "-c", str(self._properties)]
        format_storage += kafka_login.users()
        done = subprocess.run(
            self._command(format_storage), env=self._environment, capture_output=True, text=True, timeout=120
        )
        if done.returncode != 0:
            raise RuntimeError(f"the broker's storage could not be made:\n{done.stdout}\n{done.stderr}")
        self._process: ServiceProcess | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers, as the broker it is."""
        command = self._command(["kafka.Kafka", str(self._properties)])
        self._process = ServiceProcess(command, self.folder / "log", self._environment)
        self.await_ready()

    def await_ready(self) -> None:
        """Wait until it answers; raises RuntimeError where it does not, or where another broker does."""
        assert self._process is not None
        self._process.await_ready(self._answers, _PATIENCE_SECONDS)

    def kill(self) -> None:
        """SIGKILL: what it had not written is lost, as when the machine loses power."""
        assert self._process is not None
        self._process.kill()

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    @cached_property
    def admin(self) -> AdminClient:
        """One client for all: its answers are lost when it is collected before they come."""
        return AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})

    def create_topic(self, name: str | None = None, partitions: int = 1, **config: object) -> str:
        """Make a topic, under a name of its own unless told; returns its name. `config` has `_` for dots."""
        topic = name or f"topic-{uuid4().hex[:12]}"
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        new = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=settings)
        for done in self.admin.create_topics([new], operation_timeout=30).values():
            done.result()
        return topic

    def add_partitions(self, topic: str, total: int) -> None:
        for done in self.admin.create_partitions([NewPartitions(topic, total)], operation_timeout=30).values():
            done.result()

    def delete_topics(self, *topics: str) -> None:
        for done in self.admin.delete_topics(list(topics), operation_timeout=30).values():
            done.result()

    def expire(self, topic: str, partition: int, before: int) -> None:
        """Delete the records of a partition below an offset, as retention does."""
        for done in self.admin.delete_records([TopicPartition(topic, partition, before)]).values():
            done.result()

    def put(
        self,
        topic: str,
        records: Iterable[tuple[bytes | None, bytes | None]],
        partition: int = -1,
        config: Mapping[str, str | int] | None = None,
    ) -> list[tuple[int, int]]:
        """Put records (key, value); returns where each came to stand (partition, offset), in the order given."""
        places: dict[int, tuple[int, int]] = {}
        defaults: dict[str, str | int] = {"bootstrap.servers": self.bootstrap_servers, "linger.ms": 5, "acks": "all"}
        producer = Producer({**defaults, **(config or {})})
        for number, (key, value) in enumerate(records):

            def delivered(error: object, message: object, number: int = number) -> None:
                if error is not None:
                    raise RuntimeError(f"record {number} was not delivered: {error}")
                places[number] = (message.partition(), message.offset())  # type: ignore[attr-defined]

            producer.produce(topic, key=key, value=value, partition=partition, on_delivery=delivered)
            if number % 10_000 == 9_999:
                producer.flush()
            producer.poll(0)
        if producer.flush(60) != 0:
            raise RuntimeError(f"records for {topic} were not delivered in time")
        return [places[number] for number in range(len(places))]

    def _answers(self) -> bool:
        try:
            found = self.admin.list_topics(timeout=2).cluster_id
        except KafkaException:
            return False
        if found != self.cluster_id:
            raise RuntimeError(f"{self.bootstrap_servers} is answered by another cluster, {found}")
        return True

    def _command(self, arguments: list[str]) -> list[str]:
        return [self._java, *_JVM, "-cp", self._class_path, *arguments]


@contextmanager
def kafka_broker() -> Iterator[Broker]:
    """A running broker, gone with its data at the end."""
    with tempfile.TemporaryDirectory(prefix="kafka-") as folder:
        broker = Broker(Path(folder))
        try:
            broker.start()
            yield broker
        finally:
            broker.stop()
