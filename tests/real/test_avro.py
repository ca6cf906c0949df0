"""Avro files: what real Spark writes and reads is what Sluice does."""
import json
from functools import partial

import pytest

from support import avro_calls, connect
from support import spark as real_spark

WRITES = "from support import avro_calls\nresult = avro_calls.writes(spark, out)"
READS = "from support import avro_calls\nresult = avro_calls.reads(spark, folder, engines)"


@pytest.fixture(scope="module")
def server(sluice):
    with connect.Server(sluice, {"spark.master": "local[2]"}) as server:
        yield server


def differences(theirs, ours):
    wrong = [f"{label}\n  Spark:  {json.dumps(theirs[label])}\n  Sluice: {json.dumps(ours.get(label))}"
             for label in theirs if theirs[label] != ours.get(label)]
    return f"{len(wrong)} of {len(theirs)}:\n" + "\n".join(wrong) if wrong else None


def test_files_as_spark(server, spark, tmp_path):
    avro_calls.make_input(tmp_path / "in")
    theirs = real_spark.answer(spark, WRITES, out=str(tmp_path / "spark"))
    ours = server.run(WRITES, out=str(tmp_path / "sluice"))
    assert not (wrong := differences(theirs, ours)), wrong
    engines = [str(tmp_path / "spark"), str(tmp_path / "sluice")]
    theirs = real_spark.answer(spark, READS, folder=str(tmp_path / "in"), engines=engines)
    ours = server.run(READS, folder=str(tmp_path / "in"), engines=engines)
    assert len(theirs) > 80
    assert not (wrong := differences(theirs, ours)), wrong


STREAM = """
query = (spark.readStream.format("avro").schema("id long, s string").option("maxFilesPerTrigger", 1).load(f"{root}/in").selectExpr("id + 1 AS id", "s")
         .writeStream.format("avro").option("checkpointLocation", f"{root}/checkpoint").trigger(availableNow=True).start(f"{root}/out"))
query.awaitTermination()
result = {"batches": [[p["batchId"], p["numInputRows"]] for p in (json.loads(p.json) for p in query.recentProgress)],
          "rows": sorted([r.id, r.s] for r in spark.read.format("avro").load(f"{root}/out").collect())}
"""


@pytest.mark.parametrize("order", [["spark", "sluice"], ["sluice", "spark"]])
def test_a_stream_moves_between_the_engines(server, spark, tmp_path, order):
    more = "spark.range({0}, {0} + 5).selectExpr('id', \"CAST(id AS STRING) s\").coalesce(1).write.format('avro').mode('append').save(f'{{root}}/in')\n"
    for turn, engine in enumerate(order):
        run = partial(real_spark.answer, spark) if engine == "spark" else server.run
        found = run("import json\n" + more.format(10 * turn) + more.format(10 * turn + 5) + STREAM, root=str(tmp_path))
        assert found["batches"] == [[2 * turn, 5], [2 * turn + 1, 5]]
        assert found["rows"] == [[i + 1, str(i)] for i in range(10 * turn + 10)]
