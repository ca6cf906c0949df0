"""Random stateful queries and inputs on one checkpoint that real Spark and Sluice take over from each other, batch by batch.

SLUICE_HANDOVER_SEEDS=FIRST:COUNT tries others than the usual few.
"""
import json
import os
import random
import re
import time
from pathlib import Path

from support import connect, random_streams, spark as real_spark

# Runs on either engine: `spark`, `brokers` and `cases` are given. All queries of a turn run side by side.
JOB = """
from pyspark.errors import AnalysisException
from pyspark.sql.functions import col, from_json, struct, to_json
spark.conf.set("spark.sql.shuffle.partitions", "2")
started, result = {}, {}
for name, case in cases.items():
    for source in case["sources"]:
        rows = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("subscribe", source["topic"])
                .option("startingOffsets", "earliest").load()
                .select(from_json(col("value").cast("string"), source["schema"]).alias("e")).select("e.*"))
        rows = rows.withWatermark("ts", source["delay"]) if source["delay"] else rows
        rows.createOrReplaceTempView(source["name"])
    for word, view, of, keys in case["views"]:
        rows = spark.table(of)
        rows = rows.dropDuplicatesWithinWatermark(keys) if word == "within" else rows.dropDuplicates(keys)
        rows.createOrReplaceTempView(view)
    try:
        started[name] = (spark.sql(case["query"]).select(to_json(struct("*")).alias("value")).writeStream.format("kafka")
                         .option("kafka.bootstrap.servers", brokers).option("topic", case["out"]).option("checkpointLocation", case["checkpoint"])
                         .outputMode(case["mode"]).trigger(availableNow=True).start())
    except AnalysisException as error:
        result[name] = error.getCondition() if hasattr(error, "getCondition") else error.getErrorClass()
for name, query in started.items():
    query.awaitTermination()
    result[name] = None
"""

FIRST, COUNT = map(int, os.environ.get("SLUICE_HANDOVER_SEEDS", "9000:6").split(":"))


def parse(seed, prefix, folder):
    """A case of support.random_streams: what JOB needs for each of two runs, and what arrives step by step."""
    head, *steps = "\n".join(random_streams.case(seed)).split("\nstep\n")
    found = {"sources": [], "views": []}
    for line in head.splitlines():
        word, _, rest = line.partition(" ")
        if word == "source":
            name, schema, delay = re.fullmatch(r"(\w+) \((.*)\)(?: watermark ts (.*))?", rest).groups()
            found["sources"].append({"name": name, "schema": schema, "delay": delay, "topic": f"{prefix}-{seed}-{name}"})
        elif word in ("distinct", "within"):
            view, of, keys = rest.split(" ", 2)
            found["views"].append((word, view, of, keys.split(", ")))
        elif word in ("case", "mode", "query"):
            found["name" if word == "case" else word] = rest
    ways = {way: {**found, "out": f"{prefix}-{seed}-{way}", "checkpoint": str(folder / way / str(seed))} for way in ("alone", "both")}
    return ways, [[line.split(" ", 1) for line in step.splitlines() if line and line != "----"] for step in steps]


def rounded(text):
    """Sums of floating point numbers depend on the order of rows in their last digits."""
    return re.sub(r"-?\d+\.\d{7,}(?:[eE]-?\d+)?", lambda number: f"{float(number.group()):.6g}", text)


COLLECTED = r'("buf[^"]*"):"([^"]*)"'


def sizes(found):
    return f"{found.group(1)}:{len(found.group(2))}"


def state(spark, checkpoint):
    """All rows of all operators' state, read by real Spark. Sets that are being collected lie in no order."""
    if not (Path(checkpoint) / "state").exists():  # a join with a table that does not change
        return []
    found = []
    for operator in spark.read.format("state-metadata").load(checkpoint).collect():
        sides = ["left", "right"] if operator.operatorName == "symmetricHashJoin" else [None]
        for side in sides:
            reader = spark.read.format("statestore").option("operatorId", operator.operatorId)
            rows = (reader.option("joinSide", side) if side else reader).load(checkpoint)
            found += [f"{operator.operatorId} {side} {rounded(re.sub(COLLECTED, sizes, row))}" for row in rows.toJSON().collect()]
    return sorted(set(found))


def test_random_handover(kafka, spark, sluice, tmp_path):
    prefix = f"random-{time.time_ns()}"
    cases = {str(seed): parse(seed, prefix, tmp_path) for seed in range(FIRST, FIRST + COUNT)}
    for ways, _ in cases.values():
        for topic in [*(source["topic"] for source in ways["both"]["sources"]), *(way["out"] for way in ways.values())]:
            kafka.create_topic(topic, 1)
    draws = random.Random(FIRST)
    refused, took_over = set(), 0
    engines = dict.fromkeys(cases, "spark")
    with connect.Server(sluice) as server:
        for turn in range(max(len(steps) for _, steps in cases.values())):
            for seed, (ways, steps) in cases.items():
                for source in ways["both"]["sources"]:
                    rows = [row for name, row in (steps[turn] if turn < len(steps) else []) if name == source["name"]]
                    if rows:
                        kafka.produce(source["topic"], rows)
            live = [seed for seed in cases if seed not in refused]
            now = {seed: "spark" if turn == 0 else draws.choice(["spark", "sluice", "sluice"]) for seed in live}
            took_over += sum(now[seed] != engines[seed] for seed in live)
            engines.update(now)
            answers = real_spark.answer(spark, JOB, brokers=kafka.bootstrap, cases={seed: cases[seed][0]["alone"] for seed in live})
            of_spark = real_spark.answer(spark, JOB, brokers=kafka.bootstrap, cases={seed: cases[seed][0]["both"] for seed in live if now[seed] == "spark"})
            of_sluice = server.run(JOB, brokers=kafka.bootstrap, cases={seed: cases[seed][0]["both"] for seed in live if now[seed] == "sluice"})
            for seed in live:
                assert {**of_spark, **of_sluice}[seed] == answers[seed], (turn, cases[seed][0]["both"])
                if answers[seed]:
                    refused.add(seed)
            for seed in set(live) - refused:
                ways = cases[seed][0]
                alone, both = (sorted(rounded(message.value().decode()) for message in kafka.consume(ways[way]["out"])) for way in ("alone", "both"))
                assert both == alone, f"turn {turn}, on {now[seed]}: {json.dumps(ways['both'], indent=1)}"
    done = set(cases) - refused
    for seed in done:
        ways = cases[seed][0]
        assert state(spark, ways["both"]["checkpoint"]) == state(spark, ways["alone"]["checkpoint"]), ways["both"]
    assert len(done) >= COUNT * 2 // 3 and took_over >= len(done), "hardly anything was handed over"
    print(f"{len(done)} queries, {took_over} changes of engine, {len(refused)} refused by both")
