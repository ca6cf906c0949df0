"""A stateful query handed over between real Spark and Sluice on one checkpoint: both go on from each other's state."""
import json
import time

from support import connect, spark as real_spark

# Runs on either engine: `spark`, `brokers`, `topic` and `runs`, the `out` and `checkpoint` of each query, are given.
# availableNow takes what is there and then, where a watermark moved, runs the batch that closes windows.
JOB = """
from pyspark.sql.functions import *
spark.conf.set("spark.sql.shuffle.partitions", "3")
def load():
    return (spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("subscribe", topic)
            .option("startingOffsets", "earliest").load()
            .select(from_json(col("value").cast("string"), "ts TIMESTAMP, user STRING, n INT, d DECIMAL(9,2), x DOUBLE").alias("e")).select("e.*")
            .withWatermark("ts", "10 minutes"))
events = load()
events.createOrReplaceTempView("events")
load().createOrReplaceTempView("others")
def start(name, out, checkpoint):
    rows = QUERIES[name](spark, events).select(to_json(struct("*")).alias("value"))
    return (rows.writeStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("topic", out)
            .option("checkpointLocation", checkpoint).outputMode(MODES.get(name, "append")).trigger(availableNow=True).start())
for query in [start(name, **run) for name, run in runs.items()]:
    query.awaitTermination()
result = "done"
"""

QUERIES = """
QUERIES = {
    "aggregates": lambda spark, events: spark.sql("SELECT user, count(*) c, sum(n) s, sum(d) sd, avg(n) a, avg(d) ad, min(ts) lo, max(user) hi, "
        "stddev_samp(x) dev, corr(x, n) cor, first(n) f, last(n) l, max_by(n, ts) mb, bool_or(n > 5) b, bit_xor(n) bx, count_if(n > 2) ci, "
        "approx_count_distinct(n) ac, any_value(user) av, skewness(x) sk, try_sum(n) ts FROM events GROUP BY user"),
    "collections": lambda spark, events: spark.sql("SELECT user, sort_array(collect_list(n)) l, sort_array(collect_set(d)) s, "
        "sort_array(collect_set(CAST(user AS BINARY))) b, percentile(d, array(0.25, 0.5)) p, median(x) m, percentile_approx(n, 0.5) a, "
        "mode(n, true) f, percentile_disc(0.4) WITHIN GROUP (ORDER BY n DESC) pd, histogram_numeric(n, 20) h, listagg(user, '-') la, "
        "listagg(user) WITHIN GROUP (ORDER BY n) lo FROM events GROUP BY user"),
    "global": lambda spark, events: spark.sql("SELECT count(*) c, sum(n) s FROM events"),
    "windows": lambda spark, events: spark.sql("SELECT window, user, count(*) c, sum(d) s FROM events GROUP BY window(ts, '10 minutes', '5 minutes'), user"),
    "sessions": lambda spark, events: spark.sql("SELECT session_window w, user, count(*) c, sum(x) s FROM events GROUP BY session_window(ts, '5 minutes'), user"),
    "distinct": lambda spark, events: spark.sql("SELECT DISTINCT user, ts FROM events"),
    "dedup": lambda spark, events: events.dropDuplicates(["user", "ts"]).select("user", "ts", "n"),
    "within": lambda spark, events: events.dropDuplicatesWithinWatermark(["user"]).select("user", "ts"),
    "join": lambda spark, events: spark.sql("SELECT a.user, a.ts, b.n FROM events a LEFT JOIN (SELECT user u2, ts t2, n FROM others WHERE n > 3) b "
        "ON a.user = b.u2 AND b.t2 >= a.ts AND b.t2 <= a.ts + INTERVAL 4 MINUTES"),
    "parts": lambda spark, events: spark.sql("SELECT window, count(*) c FROM (SELECT ts FROM events WHERE n < 4 UNION ALL "
        "SELECT ts FROM events WHERE user = 'ann') GROUP BY window(ts, '5 minutes')"),
    "itself": lambda spark, events: spark.sql("SELECT a.user, a.ts, b.n FROM (SELECT user, ts FROM events WHERE n < 4) a LEFT JOIN (SELECT user u2, ts t2, n "
        "FROM events WHERE n > 3) b ON a.user = b.u2 AND b.t2 >= a.ts AND b.t2 <= a.ts + INTERVAL 4 MINUTES"),
    "chained": lambda spark, events: spark.sql("SELECT window(window_time(w), '20 minutes') v, sum(c) c FROM (SELECT window(ts, '5 minutes') w, count(*) c "
        "FROM events GROUP BY window(ts, '5 minutes')) GROUP BY window(window_time(w), '20 minutes')"),
}
MODES = {"aggregates": "update", "collections": "update", "global": "update"}
"""

NAMES = ["aggregates", "collections", "global", "windows", "sessions", "distinct", "dedup", "within", "join", "parts", "itself", "chained"]


def event(minute, user, n, hour=12):
    return json.dumps({"ts": f"2025-01-01T{hour:02d}:{minute:02d}:00Z", "user": user, "n": n, "d": n * 1.25, "x": n / 7})


CHUNKS = [[event(1, "ann", 1), event(2, "bob", 2), event(3, "ann", 4), event(3, "ann", 4)],
          [event(14, "cat", 8), event(4, "bob", 3), event(2, "ann", 7), event(2, None, 7)],
          [event(31, "ann", 5), event(2, "late", 9), event(33, "bob", 6), event(14, "cat", 2)],
          [event(59, "dan", 3), event(35, "ann", 1), event(36, "bob", 4)],
          [event(20, "end", 5, hour=14), event(58, "dan", 2)]]


def produced(kafka, topic):
    return sorted(message.value().decode() for message in kafka.consume(topic))


def test_two_way_handover(kafka, spark, sluice, tmp_path):
    topic = f"events-{time.time_ns()}"
    kafka.create_topic(topic)
    ways = {"alone": ["spark"] * 5, "both": ["spark", "sluice", "sluice", "spark", "sluice"]}
    for way in ways:
        for name in NAMES:
            kafka.create_topic(f"{topic}-{way}-{name}")
    answers = {}
    with connect.Server(sluice) as server:
        for turn, chunk in enumerate(CHUNKS):
            kafka.produce(topic, chunk)
            for way, engines in ways.items():
                runs = {name: {"out": f"{topic}-{way}-{name}", "checkpoint": str(tmp_path / way / name)} for name in NAMES}
                variables = {"brokers": kafka.bootstrap, "topic": topic, "runs": runs}
                if engines[turn] == "spark":
                    real_spark.answer(spark, QUERIES + JOB, **variables)
                else:
                    server.run(QUERIES + JOB, **variables)
                answers.update({(way, name): produced(kafka, run["out"]) for name, run in runs.items()})
            different = [name for name in NAMES if answers["both", name] != answers["alone", name]]
            assert not different, f"after turn {turn}: " + "; ".join(
                f"{name}: {set(answers['alone', name]) ^ set(answers['both', name])}" for name in different)
    for name in NAMES:
        assert answers["alone", name], f"{name} gives no rows, and shows nothing"
