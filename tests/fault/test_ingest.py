"""Kafka -> Iceberg while the process is killed: every event in the table exactly once."""
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

EVENTS, KILLS = 200_000, 50


def driver(build, **args):
    return [str(Path(build) / "bin" / "driver_ingest"), *(f"{k}={v}" for k, v in args.items())]


def events(start, count, partitions):
    for i in range(start, start + count):
        yield {"value": json.dumps({"id": i, "name": f"name-{i}"}), "partition": i % partitions}


def run_to_end(command, **env):
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=300)
    return done


def read_table(warehouse, name="events"):
    """Rows and snapshots as pyiceberg sees them."""
    from pyiceberg.table import StaticTable
    metadata = Path(warehouse) / "db" / name / "metadata"
    version = int((metadata / "version-hint.text").read_text())
    while (metadata / f"v{version + 1}.metadata.json").exists():  # the hint may lag behind by a crash
        version += 1
    table = StaticTable.from_metadata(str(metadata / f"v{version}.metadata.json"))
    return table.scan().to_arrow(), table.metadata.snapshots


def check(warehouse, checkpoint, count):
    rows, snapshots = read_table(warehouse)
    ids = rows.column("id").to_pylist()
    assert len(ids) == count
    assert len(set(ids)) == count, "an event is in the table twice"
    assert sorted(ids)[0] == 0 and sorted(ids)[-1] == count - 1
    sample = rows.slice(0, 1000).to_pylist()
    assert all(row["name"] == f"name-{row['id']}" for row in sample)

    epochs = [int(s.summary["spark.sql.streaming.epochId"]) for s in snapshots]
    assert epochs == sorted(set(epochs)), "an epoch was committed twice or out of order"
    # A batch without rows makes no snapshot in no engine; all of ours have rows.
    assert epochs == list(range(len(epochs)))
    assert len({s.summary["spark.sql.streaming.queryId"] for s in snapshots}) == 1

    for log in ("offsets", "commits"):
        batches = sorted(int(p.name) for p in (Path(checkpoint) / log).iterdir() if p.name.isdigit())
        assert batches == list(range(batches[0], batches[-1] + 1))
        assert batches[-1] == epochs[-1]


def test_sigkill_at_random_moments(kafka, build, tmp_path):
    topic, partitions = f"kill-{time.time_ns()}", 4
    kafka.create_topic(topic, partitions=partitions)
    warehouse, checkpoint = tmp_path / "warehouse", tmp_path / "checkpoint"
    command = driver(build, brokers=kafka.bootstrap, topic=topic, warehouse=warehouse, checkpoint=checkpoint,
                     trigger="default", shape="id", max=1000, seconds=60)
    seed = time.time_ns()
    print(f"seed {seed}")
    pick = random.Random(seed)
    # One clean start sets the table up; from then on no run ends by itself.
    produced, kills = 0, 0
    while kills < KILLS:
        chunk = EVENTS // KILLS
        kafka.produce(topic, events(produced, chunk, partitions))
        produced += chunk
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(pick.uniform(0.05, 0.8))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        _, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL, f"ended by itself: {errors}"
    done = run_to_end(driver(build, brokers=kafka.bootstrap, topic=topic, warehouse=warehouse, checkpoint=checkpoint,
                             trigger="availableNow", shape="id", max=20000))
    assert done.returncode == 0, done.stderr
    check(warehouse, checkpoint, EVENTS)


@pytest.mark.parametrize("where", ["short", "before-rename", "rename"])
def test_each_write_cut_short(kafka, build, tmp_path, where):
    topic, partitions, count = f"cut-{where}-{time.time_ns()}", 2, 3000
    kafka.create_topic(topic, partitions=partitions)
    kafka.produce(topic, events(0, count, partitions))
    warehouse, checkpoint = tmp_path / "warehouse", tmp_path / "checkpoint"
    command = driver(build, brokers=kafka.bootstrap, topic=topic, warehouse=warehouse, checkpoint=checkpoint,
                     trigger="availableNow", shape="id", max=500)
    # The Nth write from the start of a run, N = 1, 2, ...: every kind of file, in every state of the table.
    cuts = 0
    for write in range(1, 200):
        done = run_to_end(command, SLUICE_FAULT_WRITE=f"{write}:{where}")
        if done.returncode == 0:
            break
        assert done.returncode == 137, done.stderr
        cuts += 1
    assert done.returncode == 0
    assert cuts >= 6, "the fault was never hit: is SLUICE_FAULT_WRITE read?"
    check(warehouse, checkpoint, count)
