"""What files tell of themselves: `_metadata`, input_file_name(), inputFiles. calls(spark, folder) runs on real Spark and on Sluice."""
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from support.file_calls import answer, table, with_settings

FORMATS = ("json", "csv", "text", "parquet", "orc", "avro")


def make_input(folder):
    """Files that are no engine's work; make_more() adds the formats that Spark has to write."""
    files = {"json/a b.json": '{"v":1}\n{"v":2}\n', "json/c%d.json": '{"v":3}\n', "csv/x.csv": "1\n2\n", "text/x.txt": "one\ntwo\n",
             "parts/k=1/x.json": '{"v":1}\n', "parts/k=2/y z.json": '{"v":2}\n', "taken/x.json": '{"v":1,"_metadata":"own"}\n',
             "long/x.json": "".join(f'{{"v":{i}}}\n' for i in range(30000))}
    for name, text in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    Path(folder, "groups").mkdir()
    pq.write_table(pa.table({"v": range(100)}), Path(folder, "groups/x.parquet"), row_group_size=10)


def make_more(spark, folder):
    for name in ("parquet", "orc", "avro"):
        spark.sql("SELECT 5 v").coalesce(1).write.format(name).save(f"{folder}/{name}")


def touch(folder):
    for path in Path(folder).rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))


def calls(spark, f):
    def read(name, format="json", schema="v int"):
        reader = spark.read.format(format)
        return (reader if schema is None else reader.schema(schema)).load(f"{f}/{name}")

    cases = {}
    for name in FORMATS:
        schema = {"text": None, "csv": "v int"}.get(name, "v int")
        cases[f"{name} metadata"] = lambda name=name, schema=schema: table(read(name, name, schema).select("*", "_metadata").orderBy("_metadata.file_path", {"text": "value", "csv": "v"}.get(name, "v")))
        cases[f"{name} alone"] = lambda name=name, schema=schema: table(read(name, name, schema).select("_metadata.file_name", "_metadata.file_size").distinct().orderBy("file_name"))
        cases[f"{name} functions"] = lambda name=name, schema=schema: table(read(name, name, schema).selectExpr(
            "input_file_name()", "input_file_block_start() s", "input_file_block_length() l").orderBy("input_file_name()"))
        cases[f"{name} input files"] = lambda name=name, schema=schema: sorted(read(name, name, schema).inputFiles())

    cases.update({
        "not in *": lambda: table(read("json").orderBy("v")),
        "where": lambda: table(read("json").where("_metadata.file_name = 'c%25d.json'")),
        "where, then select": lambda: table(read("json").where("_metadata.file_size > 3 AND v > 1").select("v", "_metadata.file_size").orderBy("v")),
        "select, then where": lambda: table(read("json").select("v").where("_metadata.file_size > 10").orderBy("v")),
        "order by": lambda: table(read("json").orderBy("_metadata.file_name", "v")),
        "group by": lambda: table(read("json").groupBy("_metadata.file_name").count().orderBy("file_name")),
        "count": lambda: read("json").where("_metadata.file_size < 10").count(),
        "with column": lambda: table(read("json").withColumn("n", spark_col("v") + 1).withColumn("f", spark_col("_metadata.file_name")).orderBy("v")),
        "metadata column": lambda: table((df := read("json")).select(df.metadataColumn("_metadata").getField("file_name").alias("n")).distinct().orderBy("n")),
        "direct": lambda: table(spark.sql(f"SELECT v, _metadata.file_block_start FROM json.`{f}/csv/../json` WHERE v = 3")),
        "alias": lambda: table(read("json").alias("t").select("t._metadata.file_name", "t.v").orderBy("v")),
        "limit": lambda: table(read("csv", "csv").limit(1).select("_metadata.file_name")),
        "after an aggregate": lambda: table(read("json").groupBy("v").count().select("_metadata")),
        "after a union": lambda: table(read("json").union(read("json")).select("_metadata")),
        "partitions": lambda: table(read("parts", schema=None).select("*", "_metadata.file_name").orderBy("k")),
        "partitions, where": lambda: table(read("parts", schema=None).where("_metadata.file_path LIKE '%k=2%'")),
        "a column of that name": lambda: table(read("taken", schema=None).select("_metadata")),
        "no such field": lambda: table(read("json").select("_metadata.nothing")),
        "no files": lambda: table(spark.range(1).select("_metadata")),
        "no files, functions": lambda: table(spark.range(1).selectExpr("input_file_name() n")),
        "no files, input files": lambda: list(spark.range(1).inputFiles()),
        "function in a filter": lambda: table(read("json").where("input_file_name() LIKE '%c%'")),
        "function in an expression": lambda: table(read("json").selectExpr("v", "upper(right(input_file_name(), 6)) AS u").orderBy("v")),
        "input files of a join": lambda: sorted(read("json").join(read("csv", "csv"), "v").where("v > 1").inputFiles()),
        "row index": lambda: table(read("groups", "parquet", "v bigint").where("v >= 35 AND v < 42").select("v", "_metadata.row_index").orderBy("v")),
        "row index, all": lambda: table(read("groups", "parquet", "v bigint").selectExpr("sum(_metadata.row_index - v)", "count(*)")),
        "parts": lambda: with_settings(spark, {"spark.sql.files.maxPartitionBytes": "100000", "spark.sql.files.openCostInBytes": "10"}, lambda: table(
            read("long").groupBy("_metadata.file_block_start", "_metadata.file_block_length").count().orderBy("file_block_start"))),
    })
    return {label: answer(label, call) for label, call in cases.items()}


def spark_col(name):
    from pyspark.sql.functions import col
    return col(name)
