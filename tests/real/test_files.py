"""Files: what real Spark answers is what Sluice answers, and each reads what the other wrote."""
import json
import time
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support import connect, file_calls
from support import spark as real_spark


@pytest.fixture(scope="module")
def server(sluice):
    with connect.Server(sluice, {"spark.master": "local[2]"}) as server:
        yield server


@pytest.fixture(scope="module")
def asked(server, spark, tmp_path_factory):
    """label -> (Spark's answer, Sluice's), and the folders they wrote to."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "in").mkdir()
    file_calls.make_input(folder / "in")
    code = "from support import file_calls\nresult = file_calls.answers(spark, folder, out)"
    theirs = real_spark.answer(spark, code, folder=str(folder / "in"), out=str(folder / "spark"))
    ours = server.run(code, folder=str(folder / "in"), out=str(folder / "sluice"), seconds=300)
    return theirs, ours, folder


def test_every_call_answers_as_spark(asked):
    theirs, ours, _ = asked
    assert len(theirs) > 100
    wrong = [f"{label}\n  Spark:  {json.dumps(theirs[label])}\n  Sluice: {json.dumps(ours.get(label))}"
             for label in theirs if theirs[label] != ours.get(label)]
    assert not wrong, f"{len(wrong)} of {len(theirs)}:\n" + "\n".join(wrong)


READ_ALL = """
from support import file_calls
result = {}
for name, format in folders:
    df = spark.read.format(format).option("header", name == "types2").load(f"{root}/{name}")
    result[name] = [df.schema.simpleString(), sorted(str(file_calls.plain(list(row))) for row in df.collect())]
"""
FOLDERS = [["csv1", "csv"], ["csv4", "csv"], ["json-bzip2", "json"], ["json-deflate", "json"], ["types1", "json"], ["types2", "csv"],
           ["types3", "parquet"], ["types4", "orc"], ["nested4", "orc"], ["nested1", "json"], ["nested2", "parquet"], ["p1", "json"], ["text1", "text"], ["pq", "parquet"], ["none2", "parquet"]]


@pytest.mark.parametrize("writer", ["spark", "sluice"])
def test_each_reads_what_the_other_wrote(asked, server, spark, writer):
    _, _, folder = asked
    root = str(folder / writer)
    theirs = real_spark.answer(spark, READ_ALL, folders=FOLDERS, root=root)
    assert server.run(READ_ALL, folders=FOLDERS, root=root) == theirs


TIMESTAMPS = """
from support import file_calls
times = ("SELECT * FROM VALUES (timestamp'2024-02-29 10:00:00.123456', timestamp_ntz'2024-02-29 10:00:00.123456'), "
         "(timestamp'1969-12-31 23:59:59.999999', timestamp_ntz'1969-12-31 23:59:59.999999'), (timestamp'1583-01-01 00:00:00.000001', NULL), "
         "(timestamp'9999-12-31 23:59:59.999999', NULL), (NULL, NULL) t(ts, ntz)")
nested = f"SELECT *, array(ts, NULL) a, map(1, ts) m, named_struct('ts', ts, 'ntz', ntz) s FROM ({times})"
result = {}
for name, form in forms:
    if not reading:
        try:
            if form:
                spark.conf.set("spark.sql.parquet.outputTimestampType", form)
            spark.sql(nested).coalesce(1).write.parquet(f"{root}/{name}")
        except Exception as error:
            result[name] = "refused"
            continue
    result[name] = file_calls.table(spark.read.parquet(f"{root}/{name}").orderBy("ts"))
    result[name, "filtered"] = file_calls.table(spark.read.parquet(f"{root}/{name}").where("ts < timestamp'2000-01-01' or ntz > '2020-01-01'").orderBy("ts"))
result = {str(key): value for key, value in result.items()}
"""


def columns_of(folder):
    """Path, physical and logical type of each column of a folder's Parquet file, and whether it has a least value."""
    file = pq.ParquetFile(next(Path(folder).glob("*.parquet")))
    group = file.metadata.row_group(0)
    bounded = [(statistics := group.column(i).statistics) is not None and statistics.has_min_max for i in range(group.num_columns)]
    return [[column.path, column.physical_type, str(column.logical_type), bounded[i]] for i, column in enumerate(file.schema)]


def test_timestamps_in_parquet_as_spark(server, spark, tmp_path):
    forms = [["default", None], ["int96", "INT96"], ["micros", "TIMESTAMP_MICROS"], ["millis", "timestamp_millis"], ["wrong", "SECONDS"]]
    (tmp_path / "spark").mkdir()
    (tmp_path / "sluice").mkdir()
    theirs = real_spark.answer(spark, TIMESTAMPS, forms=forms, root=str(tmp_path / "spark"), reading=False)
    assert len(theirs) == 9
    assert server.run(TIMESTAMPS, forms=forms, root=str(tmp_path / "sluice"), reading=False) == theirs
    for name, _ in forms[:-1]:
        assert columns_of(tmp_path / "sluice" / name) == columns_of(tmp_path / "spark" / name), name
    # A file of another writer: INT96 is an instant, TIMESTAMP without UTC is none.
    when = datetime(2024, 2, 29, 10, tzinfo=timezone.utc)
    for name, int96 in (("other96", True), ("other64", False)):
        (tmp_path / name).mkdir()
        pq.write_table(pa.table({"ts": [when], "s": [{"a": [when]}]}), tmp_path / name / "x.parquet", use_deprecated_int96_timestamps=int96)
    both = f"""{TIMESTAMPS}
for name in ("other96", "other64"):
    result[name] = file_calls.table(spark.read.parquet(f"{{root}}/{{name}}"))"""
    forms = [[f"{engine}/{name}", None] for engine in ("spark", "sluice") for name, _ in forms[:-1]]
    assert server.run(both, forms=forms, root=str(tmp_path), reading=True) == real_spark.answer(spark, both, forms=forms, root=str(tmp_path), reading=True)


STREAM = """
import time
source = spark.readStream.schema("a int, k string").option("maxFilesPerTrigger", 1).json(f"{root}/in")
writer = source.writeStream.option("checkpointLocation", f"{root}/checkpoint").trigger(availableNow=True)
query = (writer.partitionBy("k") if partitioned else writer).format("json").start(f"{root}/out")
query.awaitTermination()
result = {"id": str(query.id), "batches": [[p["batchId"], p["numInputRows"]] for p in (json.loads(p.json) for p in query.recentProgress)],
          "rows": sorted([r.a, r.k] for r in spark.read.json(f"{root}/out").collect())}
"""


@pytest.mark.parametrize("partitioned", [False, True])
@pytest.mark.parametrize("order", [["spark", "sluice", "spark"], ["sluice", "spark", "sluice"]])
def test_a_stream_of_files_moves_between_the_engines(server, spark, tmp_path, order, partitioned):
    """Twelve files and more, one a batch, so that both logs are compacted; then the other engine goes on."""
    (tmp_path / "in").mkdir()
    ids, made = set(), 0
    for turn, engine in enumerate(order):
        for _ in range(7):
            path = tmp_path / "in" / f"f {made:02}.json"
            path.write_text(json.dumps({"a": made, "k": f"p {made % 2}"}) + "\n")
            made += 1
        run = partial(real_spark.answer, spark) if engine == "spark" else server.run
        found = run("import json\n" + STREAM, root=str(tmp_path), partitioned=partitioned)
        ids.add(found["id"])
        assert found["rows"] == [[i, f"p {i % 2}"] for i in range(made)], engine
        assert found["batches"] == [[7 * turn + i, 1] for i in range(7)], engine
    assert len(ids) == 1
    # Files that no log lists do not count, for either.
    (tmp_path / "out" / "part-99999-rogue.json").write_text('{"a":99}\n')
    count = f"result = spark.read.json({str(tmp_path / 'out')!r}).count()"
    assert server.run(count) == made == real_spark.answer(spark, count)
    for folder, extra in (("checkpoint/sources/0", 0), ("out/_spark_metadata", 0)):
        names = {p.name for p in (tmp_path / folder).iterdir() if not p.name.startswith(".")}
        assert {"9.compact", "19.compact", "20"} <= names
        assert (tmp_path / folder / "20").read_text().startswith("v1\n{\"path\":\"file:///")
        assert not [p for p in Path(tmp_path, folder).iterdir() if p.name.endswith(".tmp")], extra


OPTIONS = """
import json, time
def run(name, path, options, **more):
    try:
        reader = spark.readStream.schema("a int").options(**options)
        query = reader.json(f"{root}/{path}").writeStream.format("noop").option("checkpointLocation", f"{root}/{me}-{name}").trigger(availableNow=True).start()
        query.awaitTermination()
        return [[p["batchId"], p["numInputRows"]] for p in (json.loads(p.json) for p in query.recentProgress)]
    except Exception as error:
        return "refused"
result = {name: run(name, path, options) for name, path, options in cases}
"""


def test_options_of_streams_as_spark(server, spark, tmp_path):
    now = int(time.time()) - 1000
    for folder in ("a", "b", "c", "arch-spark", "arch-sluice"):
        (tmp_path / folder).mkdir()
        for i in range(6):
            path = tmp_path / folder / f"f{i}.json"
            path.write_text(json.dumps({"a": i}) + "\n")
            import os
            os.utime(path, (now + i, now + i))
    os.utime(tmp_path / "b" / "f0.json", (now - 10 * 86400,) * 2)
    (tmp_path / "c" / "sub").mkdir()
    (tmp_path / "c" / "sub" / "x.json").write_text('{"a":9}')
    (tmp_path / "c" / "_hidden.json").write_text('{"a":9}')
    cases = [["all", "a", {}], ["max", "a", {"maxFilesPerTrigger": 4}], ["bytes", "a", {"maxBytesPerTrigger": 20}], ["age", "b", {}],
             ["latest", "a", {"maxFilesPerTrigger": 4, "latestFirst": "true"}], ["sub", "c", {}], ["deep", "c", {"recursiveFileLookup": "true"}],
             ["names", "a", {"fileNameOnly": "true"}], ["glob", "[ab]", {}], ["nothing", "none*", {}],
             ["bad1", "a", {"maxFilesPerTrigger": 0}], ["bad2", "a", {"maxBytesPerTrigger": "x"}],
             ["bad3", "a", {"maxFilesPerTrigger": 1, "maxBytesPerTrigger": 1}], ["bad4", "a", {"latestFirst": "x"}],
             ["bad5", "a", {"cleanSource": "x"}], ["bad6", "a", {"cleanSource": "archive"}], ["bad7", "a", {"modifiedBefore": "2020-01-01T00:00:00"}],
             ["bad8", "a", {"cleanSource": "archive", "sourceArchiveDir": f"{tmp_path}/a/x"}], ["bad9", "a", {"maxFileAge": "x"}]]
    theirs = real_spark.answer(spark, OPTIONS, root=str(tmp_path), me="spark", cases=cases)
    ours = server.run(OPTIONS, root=str(tmp_path), me="sluice", cases=cases)
    assert ours == theirs
    for name in ("max", "bytes", "latest", "age"):
        logs = [{p.name: p.read_text() for p in (tmp_path / f"{me}-{name}" / "sources" / "0").iterdir() if not p.name.startswith(".")}
                for me in ("spark", "sluice")]
        assert logs[0] == logs[1]
    archive = [["archive", "arch-sluice", {"maxFilesPerTrigger": 2, "cleanSource": "archive", "sourceArchiveDir": f"{tmp_path}/old"}],
               ["delete", "b", {"cleanSource": "delete", "maxFilesPerTrigger": 3}]]
    assert server.run(OPTIONS, root=str(tmp_path), me="clean", cases=archive) == {"archive": [[0, 2], [1, 2], [2, 2]], "delete": [[0, 3], [1, 3]]}
    assert len(list(Path(f"{tmp_path}/old{tmp_path}/arch-sluice").iterdir())) == 6
    assert not list((tmp_path / "b").iterdir())
