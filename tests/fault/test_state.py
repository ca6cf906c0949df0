"""Stateful queries whose process dies, or whose machine does: what they count is what there was, each event once."""
import json
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from support import connect

# availableNow in batches of 40: per batch offsets, three deltas with checksums, a commit.
JOB = """
from pyspark.sql.functions import col, from_json, to_json, struct
spark.conf.set("spark.sql.shuffle.partitions", "3")
counts = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("subscribe", topic)
          .option("startingOffsets", "earliest").option("maxOffsetsPerTrigger", 40).load()
          .select(from_json(col("value").cast("string"), "k INT, v BIGINT").alias("e")).select("e.*")
          .groupBy("k").agg({"v": "sum", "*": "count"}))
(counts.select(to_json(struct("k", col("count(1)").alias("n"), col("sum(v)").alias("s"))).alias("value"))
 .writeStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("topic", out)
 .option("checkpointLocation", checkpoint).outputMode("update").trigger(availableNow=True).start().awaitTermination())
result = "done"
"""
EVENTS = [{"k": i % 7, "v": i} for i in range(200)]


def run_until_death(sluice, fault, variables):
    """True when the query came to its end; False when the server died before."""
    server = connect.Server(sluice, environment=fault)
    program = server.program(JOB, **variables)
    while program.process.poll() is None and server.process.poll() is None:
        time.sleep(0.02)
    alive = server.process.poll() is None
    if alive:
        assert program.wait() == "done"
    else:
        program.kill()  # it would try to reach the server for minutes
    server.process.kill()
    server.process.wait()
    return alive


@pytest.mark.parametrize("where", ["short", "before-rename", "rename"])
def test_killed_at_each_write(kafka, sluice, tmp_path, where):
    topic = f"state-{where}-{time.time_ns()}"
    for name in (topic, topic + "-out"):
        kafka.create_topic(name)
    kafka.produce(topic, [json.dumps(event) for event in EVENTS])
    variables = {"brokers": kafka.bootstrap, "topic": topic, "out": topic + "-out", "checkpoint": str(tmp_path / "checkpoint")}
    deaths = 0
    for write in range(1, 200):
        # Each start gets a little further than the one before, and dies at another write of the batch.
        fault = {"SLUICE_FAULT_WRITE": f"{1 + write % 11}:{where}"} if write < 30 else {}
        if run_until_death(sluice, fault, variables):
            break
        deaths += 1
    assert deaths > 5, "the faults were not met"
    final = {}
    for message in kafka.consume(topic + "-out"):
        row = json.loads(message.value())
        # Batches that ran twice say the same twice; a count never falls.
        assert row["n"] >= final.get(row["k"], {"n": 0})["n"]
        final[row["k"]] = row
    for k in range(7):
        mine = [event["v"] for event in EVENTS if event["k"] == k]
        assert (final[k]["n"], final[k]["s"]) == (len(mine), sum(mine))


def newest(log):
    return max((int(path.name) for path in log.iterdir() if path.name.isdigit()), default=-1)


def cut(path):
    """A file of its own: what has an older name, too, was on disk under that."""
    path.unlink()
    path.write_bytes(b"")


def power_fails(checkpoint, pick):
    """What a power failure may leave: nothing is safe but what the marker says, and the machine has booted anew."""
    marker = checkpoint / ".synced"
    version, boot, following, _ = marker.read_text().split("\n")
    on_disk = int(following) - 1
    torn = 0
    for path in checkpoint.rglob("*"):
        number = path.name.lstrip(".").split(".")[0]
        log = path.relative_to(checkpoint).parts[0]
        # What a source keeps, its first offsets, is synced when it is written.
        if not path.is_file() or not number.isdigit() or log == "sources":
            continue
        batch = int(number) - 1 if log == "state" else int(number)
        if batch > on_disk:
            torn += 1
            pick.choice([path.unlink, lambda path=path: cut(path), lambda: None])()
    marker.write_text("\n".join([version, boot[::-1], following, ""]))
    return torn


def test_power_failures(kafka, sluice, tmp_path):
    seed = time.time_ns()
    print(f"seed {seed}")
    pick = random.Random(seed)
    topic, checkpoint = f"power-{time.time_ns()}", tmp_path / "checkpoint"
    for name in (topic, topic + "-out"):
        kafka.create_topic(name)
    events = [{"k": i % 7, "v": i} for i in range(12_000)]
    kafka.produce(topic, [json.dumps(event) for event in events])
    variables = {"brokers": kafka.bootstrap, "topic": topic, "out": topic + "-out", "checkpoint": str(checkpoint)}
    torn = 0
    for failure in range(6):
        server = connect.Server(sluice)
        program = server.program(JOB, **variables)
        enough = newest(checkpoint / "commits") + pick.randrange(3, 40) if failure else 5
        while program.process.poll() is None and not ((checkpoint / "commits").exists() and newest(checkpoint / "commits") >= enough):
            time.sleep(0.001)
        assert program.process.poll() is None, "done before the power could fail"
        server.process.kill()
        server.process.wait()
        program.kill()
        torn += power_fails(checkpoint, pick)
    assert torn > 6, "everything was on disk already"
    assert run_until_death(sluice, {}, variables)
    assert not (checkpoint / ".synced").exists()
    final = {row["k"]: row for row in (json.loads(message.value()) for message in kafka.consume(topic + "-out"))}
    for k in range(7):
        mine = [event["v"] for event in events if event["k"] == k]
        assert (final[k]["n"], final[k]["s"]) == (len(mine), sum(mine))


COUNT, KILLS = 200_000, 50
SCHEMA = "id BIGINT, side STRING, k INT, ts TIMESTAMP"
QUERIES = {
    "window": "SELECT window.start AS ws, k, count(*) AS n, sum(id) AS s, min(side) AS lo FROM views GROUP BY window(ts, '10 seconds'), k",
    # A click every other time; views without one come out with nulls when the watermark has passed.
    "join": "SELECT v.id AS v, c.id AS c FROM views v LEFT JOIN clicks c ON v.k = c.k AND c.ts BETWEEN v.ts AND v.ts + INTERVAL 2 SECONDS",
}


def clicks_and_views(first, count):
    """100 of each a second of event time; view i and the click that follows it have a key that comes again after a minute."""
    for i in range(first, first + count):
        row = {"id": i, "k": i // 2 % 6007, "ts": f"2025-01-01T{i // 720000 % 24:02}:{i // 12000 % 60:02}:{i // 200 % 60:02}.{i % 200 * 5:03}Z"}
        yield "views", json.dumps({**row, "side": "view"})
        if i // 2 % 2:
            yield "clicks", json.dumps({**row, "side": "click"})


def read_rows(warehouse):
    from pyiceberg.table import StaticTable
    metadata = Path(warehouse) / "db/out/metadata"
    newest = max(int(path.name[1:].split(".")[0]) for path in metadata.glob("v*.metadata.json"))
    return Counter(tuple(row.values()) for row in StaticTable.from_metadata(str(metadata / f"v{newest}.metadata.json")).scan().to_arrow().to_pylist())


@pytest.mark.parametrize("query", QUERIES)
def test_killed_at_random_moments(kafka, build, tmp_path, query):
    topics = {name: f"{query}-{name}-{time.time_ns()}" for name in ("views", "clicks")}
    for topic in topics.values():
        kafka.create_topic(topic, partitions=2)

    def command(name, **args):
        sources = {f"source.{view}": topic for view, topic in topics.items() if view in QUERIES[query]}
        args = {"brokers": kafka.bootstrap, "warehouse": tmp_path / name, "checkpoint": tmp_path / f"{name}-checkpoint", "schema": SCHEMA, "time": "ts",
                "delay": "20 seconds", "query": QUERIES[query], "conf.spark.sql.shuffle.partitions": 3, **sources, **args}
        return [str(Path(build) / "bin/driver_query"), *(f"{key}={value}" for key, value in args.items())]

    seed = time.time_ns()
    print(f"seed {seed}")
    pick = random.Random(seed)
    size = COUNT // KILLS

    def produce(chunk):
        rows = list(clicks_and_views(chunk * size, size))
        for name, topic in topics.items():
            kafka.produce(topic, [{"value": value, "partition": i % 2} for i, (of, value) in enumerate(rows) if of == name])

    for kill in range(KILLS):
        produce(kill)
        process = subprocess.Popen(command("killed", trigger="default", max=1000), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(pick.uniform(0.05, 0.8))
        process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL, f"ended by itself: {errors}"
    produce(KILLS)  # a watermark of several sources waits, after a start, until each has sent something
    rows = {}
    for name in ("killed", "undisturbed"):
        done = subprocess.run(command(name, max=20000), capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        rows[name] = read_rows(tmp_path / name)
    assert rows["killed"] == rows["undisturbed"]
    assert len(rows["killed"]) > 10_000
    if query == "join":  # the last views wait for the watermark
        assert all((click is None) == (view // 2 % 2 == 0) for view, click in rows["killed"])
