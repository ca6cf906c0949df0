"""State of Python functions handed over between real Spark and Sluice, and what either reads of it as a table."""
import json
import os
import sys

import pytest
from support import connect, spark as real_spark

# Runs on either engine: `spark`, `folder`, `checkpoint` and `out` are given.
JOB = """
spark.conf.set("spark.sql.shuffle.partitions", "3")

def sessions(key, frames, state):
    import pandas as pd
    if state.hasTimedOut:
        n, names = state.get
        state.remove()
        yield pd.DataFrame({"user": [key[0]], "n": [n], "names": [",".join(names)], "closed": [True]})
        return
    n, names = state.getOption or (0, [])
    last = 0
    for frame in frames:
        n += int(frame.n.sum())
        names = names + [f"x{value}" for value in frame.n]
        last = max(last, int(frame.ts.max().timestamp() * 1000))
    state.update((n, names))
    state.setTimeoutTimestamp(max(last + 300_000, state.getCurrentWatermarkMs() + 1))
    yield pd.DataFrame({"user": [key[0]], "n": [n], "names": [",".join(names)], "closed": [False]})

events = (spark.readStream.schema("ts TIMESTAMP, user STRING, kind INT, n INT").json(folder).withWatermark("ts", "10 minutes"))
(events.groupBy("user", "kind").applyInPandasWithState(sessions, "user string, n int, names string, closed boolean", "n int, names array<string>",
                                                       "append", "EventTimeTimeout")
 .writeStream.format("json").option("path", out).option("checkpointLocation", checkpoint).outputMode("append")
 .trigger(availableNow=True).start().awaitTermination())
result = "done"
"""

# What state looks like as a table: the newest, an older one, what batches changed, who keeps it.
READ = """
def shown(frame):
    return [frame.schema.simpleString(), sorted(repr(row) for row in frame.collect())]
state = spark.read.format("statestore")
result = {"newest": shown(state.load(checkpoint)), "first": shown(state.option("batchId", 0).option("operatorId", 0).load(checkpoint)),
          "part": shown(spark.read.format("statestore").load(checkpoint).selectExpr("key.user", "value.groupState.n * 2 AS n", "partition_id")),
          "changes": shown(spark.read.format("statestore").option("readChangeFeed", True).option("changeStartBatchId", 0).load(checkpoint)),
          "metadata": shown(spark.read.format("state-metadata").load(checkpoint))}
"""


def event(minute, user, n, hour=12):
    return {"ts": f"2025-01-01T{hour:02d}:{minute:02d}:00Z", "user": user, "kind": n % 2, "n": n}


# A key once in a chunk: more would ask of real Spark what it cannot do with the newest pyarrow.
CHUNKS = [[event(1, "ann", 1), event(2, "bob", 2), event(3, None, 4)],
          [event(14, "cat", 8), event(4, "bob", 4), event(2, "ann", 7)],
          [event(31, "ann", 5), event(2, "late", 9), event(14, "cat", 2)],
          [event(59, "dan", 3), event(35, "ann", 1)],
          [event(20, "end", 5, hour=14), event(58, "dan", 4)]]


def written(folder, seen):
    """The lines of files that are not in `seen`, which then has them, too."""
    new = [name for name in os.listdir(folder) if name.startswith("part-") and (folder / name) not in seen]
    seen.update(folder / name for name in new)
    return sorted(line for name in new for line in (folder / name).read_text().splitlines())


@pytest.mark.timeout(1500)
def test_two_way_handover_and_state_as_tables(spark, sluice, tmp_path):
    ways = {"alone": ["spark"] * 5, "both": ["spark", "sluice", "spark", "sluice", "spark"]}
    closed, seen = 0, set()
    with connect.Server(sluice, environment={"PYSPARK_PYTHON": sys.executable}) as server:
        for turn, chunk in enumerate(CHUNKS):
            given = {}
            for way, engines in ways.items():
                folder = tmp_path / way / "in"
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f".{turn}").write_text("".join(json.dumps(e) + "\n" for e in chunk))
                (folder / f".{turn}").rename(folder / f"{turn}.json")
                variables = {"folder": str(folder), "checkpoint": str(tmp_path / way / "checkpoint"), "out": str(tmp_path / way / "out")}
                if engines[turn] == "spark":
                    real_spark.answer(spark, JOB, **variables)
                else:
                    server.run(JOB, **variables)
                given[way] = written(tmp_path / way / "out", seen)
            assert given["both"] == given["alone"], f"turn {turn}"
            closed += sum('"closed":true' in line for line in given["both"])
            if turn not in (0, 3):  # state that the one and the other engine wrote last
                continue
            checkpoint = str(tmp_path / "both" / "checkpoint")
            by_spark = real_spark.answer(spark, READ, checkpoint=checkpoint)
            by_sluice = server.run(READ, checkpoint=checkpoint)
            for name, table in by_spark.items():
                assert by_sluice[name] == table, f"turn {turn}, {name}"
                assert table[1], f"{name} has no rows, and shows nothing"
    assert closed > 3
