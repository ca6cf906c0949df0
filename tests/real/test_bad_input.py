"""The main job meets bad input: a clear error that names the thing, and the next start goes on from the checkpoint."""
import json
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support import parts
from support.cli import Sluice
from support.spark import iceberg_catalog


class Job:
    """Kafka -> from_json -> Iceberg in a folder of its own: run() to the end, start() and leave it running."""

    def __init__(self, build, sluice, folder, brokers, topic):
        self.command = str(Path(build) / "bin" / "driver_ingest")
        self.folder, self.warehouse, self.checkpoint = folder, folder / "warehouse", folder / "checkpoint"
        self.args = {"brokers": brokers, "topic": topic, "warehouse": self.warehouse, "checkpoint": self.checkpoint, "shape": "id",
                     "master": "local[2]"}
        self.sql = Sluice(sluice, iceberg_catalog("demo", type="hadoop", warehouse=self.warehouse))

    def arguments(self, more):
        return [self.command, *(f"{key}={value}" for key, value in {**self.args, **more}.items())]

    def start(self, more=None, **options):
        return subprocess.Popen(self.arguments({"trigger": "default", "seconds": 600, **(more or {})}), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def run(self, more=None, seconds=120, **options):
        return subprocess.run(self.arguments(more or {}), capture_output=True, text=True, timeout=seconds, **options)

    def succeed(self, more=None):
        done = self.run(more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def fail(self, *texts, more=None, **options):
        """The run ends with an error that says all of `texts`."""
        done = self.run(more, **options)
        assert done.returncode in (2, 3), f"{done.returncode}: {done.stderr}"
        for text in texts:
            assert text in done.stderr
        return done.stderr

    def ids(self):
        return sorted(row["id"] for row in self.sql.query("SELECT id FROM demo.db.events"))

    def wait_for(self, count, process, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and process.poll() is None:
            if (self.warehouse / "db" / "events" / "metadata").exists():
                if self.sql.query("SELECT count(*) AS n FROM demo.db.events")[0]["n"] >= count:
                    return
            time.sleep(0.2)
        process.kill()
        pytest.fail(f"not {count} rows after {seconds} s; the job said: {process.communicate()[1]}")

    def batches(self, log):
        return sorted(int(path.name) for path in (self.checkpoint / log).iterdir() if path.name.isdigit())


def events(start, stop):
    return [json.dumps({"id": i, "name": f"n{i}"}) for i in range(start, stop)]


@pytest.fixture
def topic(kafka):
    name = f"bad-{time.time_ns()}"
    kafka.create_topic(name)
    return name


@pytest.fixture
def job(build, sluice, kafka, topic, tmp_path):
    return Job(build, sluice, tmp_path, kafka.bootstrap, topic)


# ---- Kafka ---------------------------------------------------------------------------------------------------------

def test_missing_topic(kafka, job):
    missing = f"absent-{time.time_ns()}"
    job.fail(missing, "does not exist", kafka.bootstrap, more={"topic": missing}, seconds=60)
    kafka.create_topic(missing)
    kafka.produce(missing, events(0, 10))
    job.succeed({"topic": missing})
    assert job.ids() == list(range(10))


def test_unreachable_broker(kafka, job, topic):
    port = parts.free_ports()[0]
    began = time.monotonic()
    job.fail(f"127.0.0.1:{port}", "kafka.bootstrap.servers", more={"brokers": f"127.0.0.1:{port}"})
    assert time.monotonic() - began < 60
    kafka.produce(topic, events(0, 10))
    job.succeed()
    assert job.ids() == list(range(10))


def test_broker_that_goes_away_and_comes_back(build, sluice, tmp_path):
    """No error at all: the query waits."""
    with parts.KafkaBroker(tmp_path / "broker") as broker:
        broker.create_topic("t")
        broker.produce("t", events(0, 10))
        job = Job(build, sluice, tmp_path, broker.bootstrap, "t")
        process = job.start()
        job.wait_for(10, process)
        broker.stop()
        time.sleep(2)
        broker.start()
        broker.produce("t", events(10, 20))
        job.wait_for(20, process)
        process.kill()
        process.communicate()
        assert job.ids() == list(range(20))


def test_deleted_topic(kafka, job, topic):
    kafka.produce(topic, events(0, 10))
    job.succeed()
    kafka.delete_topic(topic)
    error = job.fail(topic)
    assert "failOnDataLoss" in error
    # Made anew with fewer records: its end is before the checkpoint's.
    kafka.create_topic(topic)
    kafka.produce(topic, events(100, 104))
    error = job.fail(topic, "KAFKA_DATA_LOSS", "failOnDataLoss")
    assert job.ids() == list(range(10))
    job.succeed({"source.failOnDataLoss": "false"})
    kafka.produce(topic, events(200, 220))
    job.succeed({"source.failOnDataLoss": "false"})
    job.succeed()
    ids = job.ids()
    assert set(range(10)) | set(range(206, 220)) <= set(ids) and len(ids) == len(set(ids))


def truncate(kafka, topic, offset):
    from confluent_kafka import TopicPartition
    admin = kafka.admin()  # destroyed too early, it would cancel the request
    for future in admin.delete_records([TopicPartition(topic, 0, offset)]).values():
        future.result(30)


def test_truncated_partition(kafka, job, topic):
    kafka.produce(topic, events(0, 10))
    job.succeed()
    kafka.produce(topic, events(10, 60))
    truncate(kafka, topic, 30)
    error = job.fail(f"{topic}-0", "KAFKA_DATA_LOSS", "failOnDataLoss")
    assert "10" in error and "30" in error, "where it was and where the data begins"
    assert job.ids() == list(range(10))
    job.succeed({"source.failOnDataLoss": "false"})
    assert job.ids() == [*range(10), *range(30, 60)]
    kafka.produce(topic, events(60, 70))
    job.succeed()
    assert job.ids() == [*range(10), *range(30, 70)]


@pytest.mark.parametrize("option, value, says", [
    ("source.maxOffsetsPerTrigger", "many", "maxOffsetsPerTrigger"),
    ("source.maxOffsetsPerTrigger", "0", "maxOffsetsPerTrigger"),
    ("source.startingOffsets", "sometimes", "sometimes"),
    ("source.startingOffsets", '{"x":', '{"x":'),
    ("source.endingOffsets", "latest", "ending offset"),
    ("source.failOnDataLoss", "perhaps", "failOnDataLoss"),
    ("source.includeHeaders", "maybe", "includeHeaders"),
    ("source.minPartitions", "-1", "minPartitions"),
    ("source.maxTriggerDelay", "soon", "maxTriggerDelay"),
    ("source.assign", '{"t":[0]}', "subscribe"),
    ("source.kafka.auto.offset.reset", "earliest", "auto.offset.reset"),
    ("source.kafka.security.protocol", "CARRIER_PIGEON", "security.protocol"),
    ("source.kafka.compression.zstd.level", "3", "compression.zstd.level"),
    ("json.mode", "DROPMALFORMED", "DROPMALFORMED"),
    ("master", "yarn", "yarn"),
    ("master", "local[x]", "local[x]"),
])
def test_unknown_option_values(kafka, job, topic, option, value, says):
    kafka.produce(topic, events(0, 3))
    job.fail(says, more={option: value})
    job.succeed()
    assert job.ids() == [0, 1, 2]


@pytest.mark.parametrize("option, value", [("source.kafka.no.such.setting", "1"), ("json.mode", "SLOPPY")])
def test_what_spark_only_warns_of(kafka, job, topic, option, value):
    kafka.produce(topic, [*events(0, 3), "no json"])
    done = job.run({option: value})
    assert done.returncode == 0, done.stderr
    assert "warn" in done.stderr and (option if "mode" not in option else value).removeprefix("source.") in done.stderr
    assert [row["id"] for row in job.sql.query("SELECT id FROM demo.db.events ORDER BY id")] == [None, 0, 1, 2]


# ---- JSON ----------------------------------------------------------------------------------------------------------

MALFORMED = ['{"id": 1, "name": "ok"}', '{"id": 2, "name": ', 'no json', '{"id": "text", "name": "kept"}', '', '{"id": 6}']


def test_malformed_json_permissive(kafka, job, topic):
    kafka.produce(topic, MALFORMED)
    job.succeed({"schema": "id BIGINT, name STRING, _corrupt_record STRING"})
    rows = [(row["id"], row["name"], row["_corrupt_record"]) for row in job.sql.query("SELECT * FROM demo.db.events")]
    assert sorted(rows, key=str) == sorted([(1, "ok", None), (None, None, MALFORMED[1]), (None, None, MALFORMED[2]),
                                            (None, "kept", MALFORMED[3]), (None, None, None), (6, None, None)], key=str)


def test_malformed_json_in_a_column_of_another_name(kafka, job, topic):
    kafka.produce(topic, MALFORMED[:3])
    job.succeed({"schema": "id BIGINT, bad STRING", "json.columnNameOfCorruptRecord": "bad"})
    rows = [(row["id"], row["bad"]) for row in job.sql.query("SELECT * FROM demo.db.events")]
    assert sorted(rows, key=str) == sorted([(1, None), (None, MALFORMED[1]), (None, MALFORMED[2])], key=str)


def test_malformed_json_failfast_loses_nothing(kafka, job, topic):
    kafka.produce(topic, events(0, 5))
    job.succeed({"json.mode": "FAILFAST"})
    kafka.produce(topic, [*events(5, 10), '{"id": 10, "na', *events(11, 15)])
    job.fail("MALFORMED_RECORD_IN_PARSING", '{"id": 10, "na', more={"json.mode": "FAILFAST"})
    assert job.ids() == list(range(5)), "nothing of the batch is in the table"
    job.fail("MALFORMED_RECORD_IN_PARSING", more={"json.mode": "FAILFAST"})
    job.succeed()  # PERMISSIVE: the same batch, once
    ids = [row["id"] for row in job.sql.query("SELECT id FROM demo.db.events WHERE id IS NOT NULL")]
    assert sorted(ids) == [*range(10), *range(11, 15)]
    assert job.sql.query("SELECT count(*) AS n FROM demo.db.events") == [{"n": 15}]


# ---- the checkpoint ------------------------------------------------------------------------------------------------

def broken_checkpoints():
    def write(name, text):
        return lambda checkpoint: (checkpoint / name).write_text(text)

    yield "empty offsets", "offsets/1", write("offsets/1", "")
    yield "cut offsets", "offsets/1", write("offsets/1", "v1\n")
    yield "no version", "offsets/1", write("offsets/1", "hello\n{}\n{}")
    yield "later version", "v2", write("offsets/1", "v2\n{}\n{}")
    yield "metadata no object", "offsets/1", write("offsets/1", 'v1\n[1\n{"t":{"0":1}}')
    yield "offsets of a file source", "logOffset", write("offsets/1", 'v1\n{"batchWatermarkMs":0}\n{"logOffset":3}')
    yield "two sources", "sources", write("offsets/1", 'v1\n{}\n{"t":{"0":1}}\n{"u":{"0":1}}')
    yield "commits no JSON", "commits/1", write("commits/1", "v1\n{")
    yield "commit of the future", "commits/7", write("commits/7", 'v1\n{"nextBatchWatermarkMs":0}')
    yield "query without id", "metadata", write("metadata", "{}")
    yield "query garbage", "metadata", write("metadata", "\0\0\0")
    yield "query missing", "metadata", lambda checkpoint: (checkpoint / "metadata").unlink()


@pytest.mark.parametrize("says, damage", [pytest.param(says, damage, id=name) for name, says, damage in broken_checkpoints()])
def test_unreadable_checkpoint(kafka, job, topic, says, damage):
    kafka.produce(topic, events(0, 10))
    job.succeed({"max": 5})
    assert job.batches("commits") == [0, 1]
    before = {path: path.read_bytes() for path in job.checkpoint.rglob("*") if path.is_file()}
    damage(job.checkpoint)
    kafka.produce(topic, events(10, 15))
    job.fail(says)
    # Put right again, it goes on.
    for path in job.checkpoint.rglob("*"):
        if path.is_file() and path not in before:
            path.unlink()
    for path, content in before.items():
        path.write_bytes(content)
    job.succeed()
    assert job.ids() == list(range(15))


def test_checkpoint_that_is_a_file(kafka, job, topic):
    job.checkpoint.write_text("not a folder")
    job.fail(str(job.checkpoint))


def test_remote_checkpoint_is_refused(job):
    job.fail("UNSUPPORTED_FEATURE", "s3://bucket/checkpoint", more={"checkpoint": "s3://bucket/checkpoint"})


def test_second_query_on_a_live_checkpoint(kafka, job, topic):
    kafka.produce(topic, events(0, 10))
    first = job.start()
    job.wait_for(10, first)
    job.fail("CONCURRENT_QUERY")
    assert first.poll() is None, "the first goes on"
    kafka.produce(topic, events(10, 20))
    job.wait_for(20, first)
    first.kill()
    first.communicate()
    kafka.produce(topic, events(20, 25))
    job.succeed()
    assert job.ids() == list(range(25))


# ---- the table -----------------------------------------------------------------------------------------------------

def test_table_with_another_schema(kafka, job, topic):
    kafka.produce(topic, events(0, 5))
    job.sql.run("CREATE NAMESPACE demo.db")
    job.sql.run("CREATE TABLE demo.db.events (id INT, title STRING) USING iceberg")
    error = job.fail("events", more={"create": "false"})
    assert "title" in error or "name" in error
    job.sql.run("DROP TABLE demo.db.events")
    job.succeed()
    assert job.ids() == list(range(5))


def test_table_dropped_while_streaming(kafka, job, topic):
    kafka.produce(topic, events(0, 5))
    process = job.start()
    job.wait_for(5, process)
    job.sql.run("DROP TABLE demo.db.events")
    kafka.produce(topic, events(5, 10))
    _, error = process.communicate(timeout=60)
    assert process.returncode in (2, 3), error
    assert "events" in error
    job.succeed()  # makes the table anew, and the batch that failed goes in
    assert job.ids() == list(range(5, 10))


def test_full_disk(kafka, job, topic):
    """As a limit on the size of files: the write fails, and no half of it stays."""
    kafka.produce(topic, events(0, 5))
    job.succeed()
    kafka.produce(topic, [json.dumps({"id": i, "name": os.urandom(400).hex()}) for i in range(5, 1005)])

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    error = job.fail(str(job.warehouse), preexec_fn=limit, restore_signals=False)
    assert "too large" in error.lower()
    assert job.ids() == list(range(5))
    job.succeed()
    assert job.ids() == list(range(1005))
    referenced = {row["file_path"].removeprefix("file:") for row in job.sql.query("SELECT file_path FROM demo.db.events.files")}
    assert referenced == {str(path) for path in (job.warehouse / "db" / "events" / "data").rglob("*.parquet")}


# ---- stopping ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_finishes_the_running_batch(kafka, job, topic, number):
    kafka.produce(topic, events(0, 3000))
    process = job.start({"max": 20})
    job.wait_for(20, process)
    process.send_signal(number)
    _, error = process.communicate(timeout=30)
    assert process.returncode in (0, 128 + number), f"{process.returncode}: {error}"
    assert job.batches("offsets") == job.batches("commits"), "no batch was left half done"
    ids = job.ids()
    assert ids == list(range(len(ids))) and 20 <= len(ids) < 3000 and len(ids) % 20 == 0
    job.succeed({"max": 1000})
    assert job.ids() == list(range(3000))
