"""A stateful query whose process dies at each write: what it counts is what there was, each event once."""
import json
import time

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
