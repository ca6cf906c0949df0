"""The C++ API and `sluice sql` on a Spark Connect server: real Spark answers as this engine does, and so does `sluice server`."""
import json
import os
import subprocess
import time

import pytest

from support import connect, parts, spark as real_spark

SERVE = """
import os, time
open(ready, "w").close()
while not os.path.exists(stop):
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def spark_server(tmp_path_factory):
    """Real Spark's Connect server, with its Kafka and Iceberg jars."""
    folder, port = tmp_path_factory.mktemp("spark"), parts.free_ports()[0]
    ready, stop = folder / "ready", folder / "stop"
    settings = {"spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin", "spark.connect.grpc.binding.port": port,
                "spark.connect.grpc.binding.address": "127.0.0.1"}
    script = real_spark.start(SERVE, settings, ready=ready, stop=stop)
    end = time.monotonic() + 120
    while not ready.exists():
        assert script.process.poll() is None and time.monotonic() < end, script.wait(1)
        time.sleep(0.1)
    yield f"sc://127.0.0.1:{port}"
    stop.touch()
    script.wait(60)


def run(build, name, *arguments, environment=None):
    done = subprocess.run([build / "bin" / name, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "TZ": "UTC", **(environment or {})})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def sections(text):
    """{call: what it printed}"""
    return dict(part.split("\n", 1) for part in text.split("-- ")[1:])


@pytest.fixture(scope="module")
def local(build, tmp_path_factory):
    return sections(run(build, "driver_calls", "local", tmp_path_factory.mktemp("local")))


def test_spark_answers_as_the_engine_here(build, spark_server, local, tmp_path):
    found = sections(run(build, "driver_calls", spark_server, tmp_path))
    assert len(found) > 30
    assert found == local


def test_sluice_server_answers_as_the_engine_here(build, sluice, local, tmp_path):
    with connect.Server(sluice) as server:
        assert sections(run(build, "driver_calls", server.url, tmp_path)) == local


def test_the_main_job_on_spark(build, spark_server, kafka, tmp_path):
    kafka.create_topic("remote", 2)
    rows = [{"id": i, "user": f"u{i}", "action": "buy" if i % 2 else "look", "amount": i / 2, "ts": "2024-05-01T00:00:00Z"} for i in range(200)]
    kafka.produce("remote", [json.dumps(row) for row in rows])
    text = run(build, "driver_remote_kafka_to_iceberg", kafka.bootstrap, "remote", tmp_path / "checkpoint", tmp_path / "lake",
               environment={"SLUICE_TEST_REMOTE": spark_server})
    assert '"numInputRows": 200' in text or '"numInputRows" : 200' in text, text
    assert "|   buy|100|" in text and "|  look|100|" in text, text
    assert "root\n |-- id: long (nullable = true)" in text
    assert list((tmp_path / "lake/db/events/data").rglob("*.parquet"))


def test_sql_on_spark(sluice, spark_server):
    statements = "CREATE TEMP VIEW v AS SELECT id, id * 2 AS twice FROM range(3); SELECT * FROM v ORDER BY id; SELECT nope FROM v"
    done = subprocess.run([sluice, "sql", "--remote", spark_server, "--output", "csv", "-e", statements], capture_output=True, text=True, timeout=120)
    assert done.stdout == "id,twice\n0,0\n1,2\n2,4\n"
    assert done.returncode == 1 and "UNRESOLVED_COLUMN.WITH_SUGGESTION" in done.stderr


def test_nobody_answers(sluice):
    port = parts.free_ports()[0]
    done = subprocess.run([sluice, "sql", "--remote", f"sc://127.0.0.1:{port}", "-e", "SELECT 1"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "CONNECT.UNREACHABLE" in done.stderr
    done = subprocess.run([sluice, "sql", "--remote", "http://x", "-e", "SELECT 1"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "INVALID_CONNECT_URL" in done.stderr
