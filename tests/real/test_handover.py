"""The same stateless job handed over between real Spark and Sluice on one checkpoint and one table."""
import json
import subprocess
import time
from pathlib import Path

import pytest

from support import spark as real_spark

SPARK_JOB = """
spark.sql("CREATE NAMESPACE IF NOT EXISTS demo.db")
spark.sql("CREATE TABLE IF NOT EXISTS demo.db.events (id BIGINT, name STRING) USING iceberg")
from pyspark.sql.functions import col, from_json
events = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("subscribe", topic)
          .option("startingOffsets", "earliest").option("maxOffsetsPerTrigger", per_batch).load()
          .select(from_json(col("value").cast("string"), "id BIGINT, name STRING").alias("d")).select("d.*"))
writer = events.writeStream.outputMode("append").option("checkpointLocation", checkpoint)
if replays:  # once a replayed batch is committed, Spark 4.1's Kafka source fails over its metrics
    from pyspark.errors import StreamingQueryException
    query = writer.toTable("demo.db.events")
    try:
        query.processAllAvailable()
    except StreamingQueryException as error:
        if "scala.Option.get()" not in str(error):
            raise
    query.stop()
else:
    query = writer.trigger(availableNow=True).toTable("demo.db.events")
    query.awaitTermination()
result = {"id": str(query.id), "rows": spark.table("demo.db.events").count()}
"""


def run_spark(spark, kafka, topic, warehouse, checkpoint, per_batch, replays=False):
    return real_spark.answer(spark, SPARK_JOB, real_spark.iceberg_catalog("demo", type="hadoop", warehouse=warehouse),
                             brokers=kafka.bootstrap, topic=topic, checkpoint=checkpoint, per_batch=per_batch, replays=replays)


def run_sluice(build, kafka, topic, warehouse, checkpoint, per_batch):
    done = subprocess.run(
        [str(Path(build) / "bin" / "driver_ingest"), f"brokers={kafka.bootstrap}", f"topic={topic}",
         f"warehouse={warehouse}", f"checkpoint={checkpoint}", f"max={per_batch}", "shape=id"],
        capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("order", ["spark first", "sluice first"])
def test_two_way_handover(kafka, spark, build, tmp_path, order):
    topic = f"handover-{time.time_ns()}"
    kafka.create_topic(topic, partitions=3)
    warehouse, checkpoint = str(tmp_path / "warehouse"), str(tmp_path / "checkpoint")
    engines = ["spark", "sluice", "spark"] if order == "spark first" else ["sluice", "spark", "sluice"]
    produced, ids, last_rows = 0, set(), None
    for turn, engine in enumerate(engines):
        chunk = 400 + 100 * turn
        kafka.produce(topic, [{"value": json.dumps({"id": i, "name": f"n{i}"}), "partition": i % 3}
                              for i in range(produced, produced + chunk)])
        produced += chunk
        if engine == "spark":
            ids.add(run_spark(spark, kafka, topic, warehouse, checkpoint, 150)["id"])
        else:
            progress = run_sluice(build, kafka, topic, warehouse, checkpoint, 150)["progress"]
            assert progress, "nothing was taken over"
            ids.add(progress[0]["id"])
            last_rows = sum(p["numInputRows"] for p in progress)
            assert last_rows == chunk
    assert len(ids) == 1, "the query's id is the checkpoint's"

    from pyiceberg.table import StaticTable
    metadata = Path(warehouse) / "db" / "events" / "metadata"
    newest = max(metadata.glob("v*.metadata.json"), key=lambda p: int(p.name[1:].split(".")[0]))
    table = StaticTable.from_metadata(str(newest))
    rows = table.scan().to_arrow().to_pylist()
    assert sorted(row["id"] for row in rows) == list(range(produced))
    assert all(row["name"] == f"n{row['id']}" for row in rows)
    epochs = [int(s.summary["spark.sql.streaming.epochId"]) for s in table.metadata.snapshots]
    assert epochs == list(range(len(epochs)))


def test_spark_replays_a_batch_that_sluice_left_uncommitted(kafka, spark, build, tmp_path):
    """The crash between the table's commit and the checkpoint's, the other engine picks up the pieces."""
    topic = f"replay-{time.time_ns()}"
    kafka.create_topic(topic)
    kafka.produce(topic, [json.dumps({"id": i, "name": f"n{i}"}) for i in range(100)])
    warehouse, checkpoint = str(tmp_path / "warehouse"), tmp_path / "checkpoint"
    run_sluice(build, kafka, topic, warehouse, checkpoint, 50)
    newest = max((checkpoint / "commits").iterdir(), key=lambda p: int(p.name))
    newest.unlink()
    assert run_spark(spark, kafka, topic, warehouse, str(checkpoint), 50, replays=True)["rows"] == 100
    assert newest.exists(), "Spark has committed the batch it replayed"
    newest = max((checkpoint / "commits").glob("[0-9]*"), key=lambda p: int(p.name))
    newest.unlink()
    (checkpoint / "commits" / f".{newest.name}.crc").unlink(missing_ok=True)
    run_sluice(build, kafka, topic, warehouse, checkpoint, 50)
    assert run_spark(spark, kafka, topic, warehouse, str(checkpoint), 50)["rows"] == 100
