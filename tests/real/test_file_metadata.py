"""What files tell of themselves: real Spark's answers are Sluice's."""
import json

import pytest

from support import connect, metadata_calls
from support import spark as real_spark


@pytest.fixture(scope="module")
def server(sluice):
    with connect.Server(sluice, {"spark.master": "local[2]"}) as server:
        yield server


STREAM = """
query = (spark.readStream.schema("v int").json(f"{root}/json").where("_metadata.file_size > 0").selectExpr("v", "_metadata.file_name n", "input_file_name() p", "_metadata.file_modification_time t")
         .writeStream.format("parquet").option("checkpointLocation", f"{root}/{me}-checkpoint").trigger(availableNow=True).start(f"{root}/{me}-out"))
query.awaitTermination()
result["stream"] = file_calls.table(spark.read.parquet(f"{root}/{me}-out").orderBy("v"))
"""
CALLS = "from support import metadata_calls, file_calls\nresult = metadata_calls.calls(spark, root)\n" + STREAM


def test_every_call_answers_as_spark(server, spark, tmp_path):
    metadata_calls.make_input(tmp_path)
    first = "from support import metadata_calls\nmetadata_calls.make_more(spark, root)\nmetadata_calls.touch(root)\n"
    theirs = real_spark.answer(spark, first + CALLS, root=str(tmp_path), me="spark")
    ours = server.run(CALLS, root=str(tmp_path), me="sluice")
    wrong = [f"{label}\n  Spark:  {json.dumps(theirs[label])}\n  Sluice: {json.dumps(ours.get(label))}"
             for label in theirs if theirs[label] != ours.get(label)]
    assert len(theirs) > 50
    assert not wrong, f"{len(wrong)} of {len(theirs)}:\n" + "\n".join(wrong)
