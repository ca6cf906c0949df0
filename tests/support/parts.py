"""Real parts on loopback: a Kafka broker, an Iceberg REST catalog, an S3 server.

Each is a context manager with start(), stop() and kill(), listens on a free port, and writes
its output to a log in its folder. tests/support/spark.py has real Spark.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sluice"
KAFKA, SPARK, ICEBERG = "4.1.1", "4.1.1", "1.11.0"


class Missing(RuntimeError):
    """Something that has to be downloaded is not there."""

    def __init__(self, what):
        super().__init__(f"{what} is missing: run 'tools/install_deps.sh test'")


def jars(folder):
    """The jars of one folder of the cache."""
    path = CACHE / folder
    if not (path / ".done").exists():
        raise Missing(f"download of {path}")
    return sorted(str(jar) for jar in path.glob("*.jar"))


def clients():
    """PySpark's versions as tools/install_deps.sh has them: other ones in environments of their own, and that of the tests."""
    script = Path(__file__).resolve().parents[2] / "tools" / "install_deps.sh"
    line = re.search(r"^readonly clients=\((.*)\)$", script.read_text(), re.MULTILINE).group(1)
    return sorted([*re.findall(r'"(\S+) ', line), SPARK])


def client_python(version):
    """The Python that has PySpark `version`."""
    if version == SPARK:
        return sys.executable
    folder = CACHE / "clients" / version
    if not (folder / ".done").exists():
        raise Missing(f"PySpark {version}")
    return str(folder / "bin" / "python")


def pyspark_jars(*prefixes):
    try:
        import pyspark
    except ImportError:
        raise Missing("the Python package pyspark") from None
    folder = Path(pyspark.__file__).parent / "jars"
    return sorted(str(jar) for jar in folder.glob("*.jar") if jar.name.startswith(prefixes))


def free_ports(count=1):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Part:
    """A server process. Subclasses say command() and ready()."""

    START_SECONDS = 90

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def ready(self):
        raise NotImplementedError

    @property
    def log(self):
        return self.folder / "out.log"

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env={**os.environ, **self.environment()}, start_new_session=True)
        deadline = time.monotonic() + self.START_SECONDS
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                tail = self.log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{type(self).__name__} did not start; end of {self.log}:\n{tail}")
            time.sleep(0.1)
        return self

    def stop(self):
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def _end(self, signal_number):
        if self.process is None:
            return
        for number, seconds in ((signal_number, 30), (signal.SIGKILL, 10)):
            if self.process.poll() is None:
                os.killpg(self.process.pid, number)
            try:
                self.process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                pass
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def java(classpath, main, *arguments, memory="512m", properties=()):
    return ["java", f"-Xmx{memory}", "-XX:TieredStopAtLevel=1", *(f"-D{p}" for p in properties),
            "-cp", os.pathsep.join(classpath), main, *arguments]


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class KafkaBroker(Part):
    """Apache Kafka, one node. Stopped or killed and started again it keeps its port and its data."""

    def __init__(self, folder, **settings):
        super().__init__(folder)
        self.port, self._controller_port = free_ports(2)
        self.settings = settings

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    def command(self):
        classpath = jars(f"kafka-{KAFKA}")
        properties = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": self.folder / "logs",
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
            **{name.replace("_", "."): value for name, value in self.settings.items()},
        }
        config = self.folder / "server.properties"
        config.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        if not (self.folder / "logs" / "meta.properties").exists():
            subprocess.run(
                java(classpath, "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk",
                     "-c", str(config)),
                check=True, capture_output=True)
        return java(classpath, "kafka.Kafka", str(config), memory="1g",
                    properties=["org.slf4j.simpleLogger.defaultLogLevel=warn"])

    def ready(self):
        from confluent_kafka.admin import AdminClient, KafkaException
        if not accepts(self.port):
            return False
        try:
            return bool(AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
                        .list_topics(timeout=5).brokers)
        except KafkaException:
            return False

    def admin(self):
        from confluent_kafka.admin import AdminClient
        return AdminClient({"bootstrap.servers": self.bootstrap})

    def create_topic(self, name, partitions=1, **config):
        from confluent_kafka.admin import NewTopic
        config = {key.replace("_", "."): str(value) for key, value in config.items()}
        topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=config)
        admin = self.admin()  # destroyed too early, it would cancel the request
        admin.create_topics([topic])[name].result(30)

    def delete_topic(self, name):
        admin = self.admin()
        admin.delete_topics([name])[name].result(30)

    def produce(self, topic, messages, **config):
        """messages: values, or dicts of Producer.produce's arguments (value, key, partition, ...)."""
        from confluent_kafka import Producer
        failures = []
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 5,
                             "queue.buffering.max.messages": 1_000_000, **config})
        for message in messages:
            arguments = message if isinstance(message, dict) else {"value": message}
            while True:
                try:
                    producer.produce(topic, on_delivery=lambda e, _: e and failures.append(e), **arguments)
                    break
                except BufferError:
                    producer.poll(0.1)
        if producer.flush(60) or failures:
            raise RuntimeError(f"not every message reached {topic}: {failures[:3]}")

    def consume(self, topic, count=None, seconds=30, **config):
        """All committed messages of the topic, by partition and offset; waits for `count` of them."""
        from confluent_kafka import Consumer, TopicPartition
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "tests", "enable.auto.commit": False,
                             "isolation.level": "read_committed", "enable.partition.eof": True, **config})
        try:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
            messages, ended, deadline = [], set(), time.monotonic() + seconds
            while time.monotonic() < deadline:
                message = consumer.poll(0.2)
                if message is None:
                    continue
                if message.error():
                    ended.add(message.partition())
                else:
                    ended.discard(message.partition())
                    messages.append(message)
                if len(ended) == len(partitions) and (count is None or len(messages) >= count):
                    break
            return sorted(messages, key=lambda m: (m.partition(), m.offset()))
        finally:
            consumer.close()


class RestCatalog(Part):
    """Iceberg's own REST catalog server; its tables are kept in memory, their files under `warehouse`."""

    def __init__(self, folder, warehouse=None, **properties):
        super().__init__(folder)
        self.port = free_ports()[0]
        self.warehouse = str(warehouse or self.folder / "warehouse")
        self.properties = {"warehouse": self.warehouse, **properties}

    @property
    def uri(self):
        return f"http://127.0.0.1:{self.port}"

    def environment(self):
        """Catalog properties go by environment: CATALOG_IO__IMPL is io-impl, CATALOG_S3_ENDPOINT s3.endpoint."""
        return {"CATALOG_" + name.upper().replace("-", "__").replace(".", "_"): str(value)
                for name, value in {**self.properties, "rest.port": self.port}.items()}

    def command(self):
        classpath = jars(f"iceberg-rest-{ICEBERG}") + pyspark_jars(
            "hadoop-client-", "log4j-api", "log4j-core", "log4j-slf4j2", "log4j-1.2-api", "jcl-over-slf4j")
        classpath += [jar for jar in jars(f"spark-{SPARK}") if "iceberg-aws-bundle" in jar]
        return java(classpath, "org.apache.iceberg.rest.RESTCatalogServer")

    def ready(self):
        try:
            urllib.request.urlopen(f"{self.uri}/v1/config", timeout=2).close()
            return True
        except OSError:
            return False


class S3Server(Part):
    """moto's S3, kept in memory, path-style addresses."""

    ACCESS_KEY, SECRET_KEY, REGION = "test", "test", "us-east-1"

    def __init__(self, folder):
        super().__init__(folder)
        self.port = free_ports()[0]

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        try:
            import moto.server  # noqa: F401
        except ImportError:
            raise Missing("the Python package moto[server]") from None
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def ready(self):
        try:
            urllib.request.urlopen(f"{self.endpoint}/moto-api/", timeout=2).close()
            return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def client(self):
        import boto3
        return boto3.client("s3", endpoint_url=self.endpoint, region_name=self.REGION,
                            aws_access_key_id=self.ACCESS_KEY, aws_secret_access_key=self.SECRET_KEY)

    def client_environment(self):
        """What Arrow's and AWS's clients read."""
        return {"AWS_ACCESS_KEY_ID": self.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": self.SECRET_KEY,
                "AWS_REGION": self.REGION, "AWS_DEFAULT_REGION": self.REGION,
                "AWS_ENDPOINT_URL": self.endpoint, "AWS_EC2_METADATA_DISABLED": "true"}
