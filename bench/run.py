#!/usr/bin/env python3
"""The main job beside real Spark, in one run: rows/s, memory, start, small batches. Prints a table and one line of JSON.

usage: run.py --build build/release [--rows 2000000] [--rounds 3] [--skip-spark]
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from support import parts, spark as real_spark  # noqa: E402

PARTITIONS = 4
SCHEMA = ("event_id STRING, user_id STRING, event_type STRING, page STRING, event_time STRING, amount DOUBLE, "
          "session STRING")

SPARK_JOB = """
import time
from pyspark.sql.functions import col, from_json
rates = []
for i in range(rounds):
    table = f"demo.db.t{i}"
    spark.sql("CREATE NAMESPACE IF NOT EXISTS demo.db")
    spark.sql(f"CREATE TABLE {table} (event_id STRING, user_id STRING, event_type STRING, page STRING, "
              "event_time TIMESTAMP, amount DOUBLE, session STRING) USING iceberg")
    reader = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("subscribe", topic)
              .option("startingOffsets", "earliest"))
    if per_batch:
        reader = reader.option("maxOffsetsPerTrigger", per_batch)
    events = (reader.load().select(from_json(col("value").cast("string"), schema).alias("d")).select("d.*")
              .withColumn("event_time", col("event_time").cast("timestamp")))
    start = time.time()
    query = (events.writeStream.outputMode("append").option("checkpointLocation", f"{work}/chk{i}")
             .trigger(availableNow=True).toTable(table))
    query.awaitTermination()
    rates.append(rows / (time.time() - start))
    assert spark.table(table).count() == rows
java = spark.sparkContext._gateway.proc.pid
peak = next(line for line in open(f"/proc/{java}/status") if line.startswith("VmHWM:"))
result = {"cold": rates[0], "warm": max(rates[1:] or rates), "peak_mib": int(peak.split()[1]) / 1024}
"""


def records(count):
    pick = random.Random(1)
    kinds = ["click", "view", "purchase", "scroll"]
    for i in range(count):
        s = i // 100
        yield {"partition": i % PARTITIONS, "key": f"u{i % 1000}", "value": (
            f'{{"event_id":"e{i:09d}","user_id":"u{pick.randrange(1_000_000):06d}","event_type":"{kinds[i & 3]}",'
            f'"page":"/products/{i % 5000}","event_time":"2025-01-{1 + s // 86400:02d} {s // 3600 % 24:02d}:'
            f'{s // 60 % 60:02d}:{s % 60:02d}","amount":{i % 1000}.{i % 100:02d},"session":"{i * 2654435761:016x}"}}')}


def ours(args, work, topic, broker, **more):
    command = [str(Path(args.build) / "bin" / "driver_ingest"), f"brokers={broker.bootstrap}", f"topic={topic}",
               f"warehouse={work}/warehouse", f"checkpoint={work}/checkpoint", *(f"{k}={v}" for k, v in more.items())]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def median(values):
    values = sorted(values)
    return values[len(values) // 2] if values else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip-spark", action="store_true")
    args = parser.parse_args()
    out = {"rows": args.rows}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, parts.KafkaBroker(Path(folder) / "kafka") as broker:
        broker.create_topic("bench", partitions=PARTITIONS)
        print(f"producing {args.rows:,} events", file=sys.stderr)
        broker.produce("bench", records(args.rows), **{"linger.ms": 50, "batch.size": 1_000_000, "compression.type": "lz4"})
        # "Cold" is the engine's first query, not the broker's: whoever came first would pay for compiling the broker's code.
        os.sync()
        for _ in range(2):
            broker.consume("bench", args.rows, seconds=120)

        out["ingest"] = ours(args, f"{folder}/a", "bench", broker, rounds=args.rounds)
        out["parse"] = ours(args, f"{folder}/b", "bench", broker, sink="noop", rounds=args.rounds)
        # The same in 20 batches; then one table that takes 100 rows a batch.
        out["tiny"] = ours(args, f"{folder}/c", "bench", broker, max=args.rows // 20)
        broker.create_topic("small")
        broker.produce("small", [{"value": r["value"]} for r in records(10_000)])
        small = ours(args, f"{folder}/d", "small", broker, max=100)
        out["first_commit_s"] = small["first_commit_s"]
        batches = small["progress"]
        out["small_batch_ms"] = {
            "triggerExecution": median([p["durationMs"]["triggerExecution"] for p in batches]),
            **{key: median([p["durationMs"].get(key, 0) for p in batches])
               for key in ("latestOffset", "walCommit", "addBatch", "commitOffsets")}}
        for part in ("ingest", "parse", "tiny"):
            out[part].pop("progress")
        if not args.skip_spark:
            for case, per_batch in (("ingest", 0), ("tiny", args.rows // 20)):
                print(f"real Spark: {case}", file=sys.stderr)
                out[f"spark_{case}"] = real_spark.run(
                    SPARK_JOB, {"spark.driver.memory": "4g", **real_spark.iceberg_catalog("demo", type="hadoop", warehouse=f"{folder}/spark-{case}")},
                    seconds=900, brokers=broker.bootstrap, topic="bench", rounds=args.rounds, rows=args.rows,
                    per_batch=per_batch, work=f"{folder}/spark-{case}-work", schema=SCHEMA)

    print(f"{'':22s}{'Sluice':>14s}{'Spark 4.1':>14s}{'ratio':>8s}")
    for case in ("ingest", "tiny"):
        for temperature in ("cold", "warm"):
            a, b = out[case][temperature], out.get(f"spark_{case}", {}).get(temperature)
            print(f"{case} {temperature}, rows/s".ljust(22) + f"{a:14,.0f}" + (f"{b:14,.0f}{a / b:8.1f}" if b else ""))
    print("parse warm, rows/s".ljust(22) + f"{out['parse']['warm']:14,.0f}")
    print("peak memory, MiB".ljust(22) + f"{out['ingest']['peak_mib']:14,.0f}" +
          (f"{out['spark_ingest']['peak_mib']:14,.0f}" if "spark_ingest" in out else ""))
    print("first snapshot, s".ljust(22) + f"{out['first_commit_s']:14.3f}")
    print("100-row batch, ms".ljust(22) + f"{out['small_batch_ms']['triggerExecution']:14.1f}")
    print(json.dumps({**out, "when": time.strftime("%Y-%m-%d")}))


if __name__ == "__main__":
    main()
