"""Reads and writes of files that real Spark and Sluice must answer alike: answers(spark, folder) runs on either.

The folder is made by make_input() and only read; what is written goes to a folder of the run's own.
"""
import gzip
import os
import re
from pathlib import Path

CSV_LINES = [
    'a,b,c', '"a",b,c', '"a""b",c,d', '"a"bc,d,e', '"a\\"b",c,d', '"a\\\\b",c,d', '"a\\xb",c,d', 'a"b,c,d', ' a , "b" ,c', '"a" ,b,c',
    '"a" x,b,c', '"",,x', '"a,b",c,d', '"unclosed,b,c', 'a,b', 'a,b,c,d', '', ',,', '   ', "'a',b,c", 'a\\,b,c,d', '"a\\",b",c,d',
    '""a"",b,c', '"a"",b",c', '"a\\', 'a,"b"c,d', '"x""",y,z', '"\\\\",y,z', '\t,a,b', '"a"\t,b,c']

INPUT = {
    "csv_infer/x.csv": "id,name,when,d,f,b,big,dec,mix\n1,ann,2024-01-01 10:00:00,2024-01-01,1.5,true,12345678901,12345678901234567890123,1\n"
                       "2,,2024-01-02T10:00:00Z,2024-02-01,2,false,1,1,x\n",
    "csv_twice/x.csv": "a,a,,b\n1,2,3,4\n",
    "csv_bad/x.csv": "1,x\n2,y,z\nbad,3\n4\n",
    "csv_lines/x.csv": 'a,b\n"x\ny",1\n"z",2\n',
    "csv_options/x.csv": "#c\n1|N|2024/01/02|NaN|Inf\n2|x|bad|1.0|-Inf\n",
    "csv_casts/x.csv": "2024-1-2,2024-01-02 3:4,1,1.5,abc,1d\n2024-01-02 00:00:00,2024-01-02,1.0,1,+5,1e3\n,,,,,\n",
    "json/x.json": '{"b":1,"a":"x","c":{"z":1.5,"y":[1,2]}}\n{"b":2.5,"a":null,"d":true}\n\n{"b":"s"\n[{"a":"p"},{"a":"q"}]\n'
                   '{"e":12345678901234567890,"f":[],"g":null,"h":{}}\n',
    "json_types/x.json": '{"a":1,"b":[1,2.5],"c":{"x":1},"t":"2024-01-01T00:00:00Z","m":{"k":1}}\n'
                         '{"a":"s","b":null,"c":{"y":[{"z":true}]},"t":"2024-01-02","n":9223372036854775808}\n',
    "json_lines/x.json": '[{"a":1,\n"b":2},{"a":3}]',
    "json_lines/y.json": '{"a":5,\n"b":null}',
    "text/a.txt": "one\r\ntwo\rthree\n\nend",
    "text/_hidden": "x",
    "text/.hidden": "x",
    "parts/a=1/b=x/f.json": '{"v":"1"}\n',
    "parts/a=2/b=__HIVE_DEFAULT_PARTITION__/f.json": '{"v":"22"}\n',
    "parts/a=10/b=y%20z%3A/f.json": '{"v":"333"}\n',
    "part_types/d=2024-01-01/t=2024-01-01 00%3A00%3A00/n=1.5/l=12345678901/z=01/f.json": '{"v":1}\n',
    "part_mix/k=1/f.json": '{"v":1}\n',
    "part_mix/k=x/f.json": '{"v":22}\n',
    "conflict/a=1/f.json": '{"v":1}',
    "conflict/b=1/f.json": '{"v":1}',
    "nested/x/f.json": '{"v":1}',
    "nested/f.json": '{"v":20}',
    "notparquet/x.parquet": "hello world this is not parquet",
}


# Each line has a field of its own, or a value that is no number in a column of its own: a schema tells which lines it was inferred from.
for i, lines in enumerate((40, 25, 60)):
    INPUT[f"sampled_json/{i}.json"] = "".join(f'{{"k{i}_{n:02}":1}}\n' + ("\n" if n % 7 == 0 else "") for n in range(lines))
SAMPLED_COLUMNS = 30
INPUT["sampled_csv/x.csv"] = "".join(
    [",".join(f"c{n}" for n in range(SAMPLED_COLUMNS)) + "\n"] +
    [("#comment\n" if n % 5 == 0 else "") + ",".join("x" if n == m else "1" for m in range(SAMPLED_COLUMNS)) + "\n" for n in range(SAMPLED_COLUMNS)])


def make_input(folder):
    for name, text in INPUT.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        os.utime(path, (1_700_000_000, 1_700_000_000))
    Path(folder, "text/b.txt.gz").write_bytes(gzip.compress(b"zip\nped\n"))
    Path(folder, "empty").mkdir()
    Path(folder, "sampled_json/z.json.gz").write_bytes(gzip.compress(b"".join(b'{"z%02d":1}\n' % n for n in range(30))))
    for i, line in enumerate(CSV_LINES):
        path = Path(folder, f"csv{i:02}/x.csv")
        path.parent.mkdir()
        path.write_text(line + "\nz,z,z\n")


def condition(error):
    found = re.search(r"\[([A-Z][A-Z_0-9]+(\.[A-Z_0-9]+)?)\]", str(error))
    name = found.group(1) if found else ""
    # Java's own exceptions carry no condition; Sluice's options have one.
    return "error" if name in ("", "INVALID_SOURCE_OPTION", "INVALID_CONF_VALUE.REQUIREMENT", "INTERNAL_ERROR") or name.startswith("_LEGACY") else name


def plain(value):
    if isinstance(value, float) and value != value:
        return "NaN"
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def table(df):
    return [df.schema.simpleString(), [plain(list(row)) for row in df.collect()]]


def with_settings(spark, settings, call):
    for key, value in settings.items():
        spark.conf.set(key, value)
    try:
        return call()
    finally:
        for key in settings:
            spark.conf.unset(key)


def calls(spark, f, out):
    """label -> what to call. `f` is the input folder, `out` one for output."""
    r = spark.read
    cases = {}
    for i, line in enumerate(CSV_LINES):
        cases[f"csv tokens {line!r}"] = lambda i=i: table(
            spark.read.schema("a string,b string,c string,_c string").option("columnNameOfCorruptRecord", "_c").csv(f"{f}/csv{i:02}"))
        cases[f"csv tokens, escape is the quote {line!r}"] = lambda i=i: table(spark.read.option("escape", '"').csv(f"{f}/csv{i:02}"))
    for mode in ("PERMISSIVE", "DROPMALFORMED", "FAILFAST"):
        cases[f"csv {mode}"] = lambda mode=mode: table(
            spark.read.schema("a int,b string,_corrupt_record string").option("mode", mode).csv(f"{f}/csv_bad"))
        cases[f"csv {mode}, one column"] = lambda mode=mode: table(spark.read.schema("a int,b string").option("mode", mode).csv(f"{f}/csv_bad").select("b"))
        cases[f"json {mode}"] = lambda mode=mode: table(spark.read.option("mode", mode).json(f"{f}/json"))
    for ratio in ("1.0", "0.995", "0.6", "0.1", "0", "x"):
        cases[f"json samplingRatio {ratio}"] = lambda ratio=ratio: spark.read.option("samplingRatio", ratio).json(f"{f}/sampled_json").schema.simpleString()
        cases[f"csv samplingRatio {ratio}"] = lambda ratio=ratio: spark.read.option("samplingRatio", ratio).options(
            header=True, inferSchema=True, comment="#").csv(f"{f}/sampled_csv").schema.simpleString()
    small = {"spark.sql.files.maxPartitionBytes": "500", "spark.sql.files.openCostInBytes": "10"}
    cases["json samplingRatio, small partitions"] = lambda: with_settings(
        spark, small, lambda: spark.read.option("samplingRatio", 0.5).json(f"{f}/sampled_json").schema.simpleString())
    cases["csv samplingRatio, small partitions"] = lambda: with_settings(
        spark, small, lambda: spark.read.option("samplingRatio", 0.5).options(inferSchema=True).csv(f"{f}/sampled_csv").schema.simpleString())
    cases.update({
        "csv inferred": lambda: table(r.option("header", True).option("inferSchema", True).csv(f"{f}/csv_infer")),
        "csv header": lambda: table(spark.read.option("header", True).csv(f"{f}/csv_infer")),
        "csv header twice": lambda: table(spark.read.option("header", True).csv(f"{f}/csv_twice")),
        "csv multiLine": lambda: table(spark.read.option("header", True).option("multiLine", True).option("inferSchema", True).csv(f"{f}/csv_lines")),
        "csv options": lambda: table(spark.read.schema("a int,b string,d date,e double,f float").option("sep", "|").option("comment", "#")
                                     .option("nullValue", "N").option("dateFormat", "yyyy/MM/dd").csv(f"{f}/csv_options")),
        "csv casts": lambda: table(spark.read.schema("d date,t timestamp,i int,dec decimal(5,1),l long,x double").csv(f"{f}/csv_casts")),
        "csv count": lambda: spark.read.schema("a int,b string").csv(f"{f}/csv_bad").count(),
        "csv bad sep": lambda: table(spark.read.option("sep", "").csv(f"{f}/csv_bad")),
        "csv bad quote": lambda: table(spark.read.option("quote", "ab").csv(f"{f}/csv_bad")),
        "json primitivesAsString": lambda: table(spark.read.option("primitivesAsString", True).json(f"{f}/json")),
        "json prefersDecimal": lambda: table(spark.read.option("prefersDecimal", True).json(f"{f}/json")),
        "json dropFieldIfAllNull": lambda: table(spark.read.option("dropFieldIfAllNull", True).json(f"{f}/json")),
        "json schema": lambda: table(spark.read.schema("a string, b int").json(f"{f}/json")),
        "json count": lambda: spark.read.schema("a string, b int").json(f"{f}/json").count(),
        "json types": lambda: table(spark.read.json(f"{f}/json_types")),
        "json inferTimestamp": lambda: table(spark.read.option("inferTimestamp", True).json(f"{f}/json_types")),
        "json multiLine": lambda: table(spark.read.option("multiLine", True).json(f"{f}/json_lines")),
        "text": lambda: table(spark.read.text(f"{f}/text")),
        "text wholetext": lambda: table(spark.read.format("text").option("wholetext", True).load(f"{f}/text")),
        "text lineSep": lambda: table(spark.read.option("lineSep", "e").text(f"{f}/text/a.txt")),
        "text schema": lambda: table(spark.read.schema("x string").text(f"{f}/text")),
        "text of int": lambda: table(spark.read.schema("x int").text(f"{f}/text")),
        "text of two": lambda: table(spark.read.schema("x string, y string").text(f"{f}/text")),
        "path not there": lambda: table(spark.read.text(f"{f}/nope")),
        "glob not there": lambda: table(spark.read.text(f"{f}/nope*")),
        "glob": lambda: table(spark.read.text(f"{f}/text/{{a,z}}.t?t")),
        "glob of folders": lambda: table(spark.read.json(f"{f}/parts/a=*/b=[wxy]*").orderBy("v")),
        "two paths": lambda: table(spark.read.text([f"{f}/text/a.txt", f"{f}/text/b.txt.gz"])),
        "pathGlobFilter": lambda: table(spark.read.option("pathGlobFilter", "*.gz").text(f"{f}/text")),
        "modifiedBefore": lambda: table(spark.read.option("modifiedBefore", "2023-12-01T00:00:00").text(f"{f}/text")),
        "modifiedAfter": lambda: table(spark.read.option("modifiedAfter", "2023-12-01T00:00:00").text(f"{f}/text")),
        "modifiedBefore bad": lambda: table(spark.read.option("modifiedBefore", "x").text(f"{f}/text")),
        "partitions": lambda: table(spark.read.json(f"{f}/parts")),
        "partitions below": lambda: table(spark.read.json(f"{f}/parts/a=1")),
        "partitions basePath": lambda: table(spark.read.option("basePath", f"{f}/parts").json(f"{f}/parts/a=1")),
        "partitions of the user's types": lambda: table(spark.read.schema("a string, v string").json(f"{f}/parts")),
        "partitions filtered": lambda: table(spark.read.json(f"{f}/parts").where("a > 1 and b is not null")),
        "partitions chosen": lambda: table(spark.read.json(f"{f}/parts").select("b", "a").orderBy("a")),
        "partitions counted": lambda: spark.read.json(f"{f}/parts").where("a = 2").count(),
        "partition types": lambda: table(spark.read.json(f"{f}/part_types")),
        "partition types mixed": lambda: table(spark.read.json(f"{f}/part_mix")),
        "partitions in conflict": lambda: table(spark.read.json(f"{f}/conflict")),
        "nested": lambda: table(spark.read.json(f"{f}/nested")),
        "recursiveFileLookup": lambda: table(spark.read.option("recursiveFileLookup", True).json(f"{f}/nested")),
        "direct": lambda: table(spark.sql(f"SELECT v + 1 AS w FROM json.`{f}/nested/f.json`")),
        "direct not there": lambda: table(spark.sql(f"SELECT * FROM json.`{f}/nope`")),
        "direct csv": lambda: table(spark.sql(f"SELECT * FROM csv.`{f}/csv_bad`")),
        "direct of no format": lambda: table(spark.sql(f"SELECT * FROM foo.`{f}/csv_bad`")),
        "not parquet, with a schema": lambda: table(spark.read.schema("a int").parquet(f"{f}/notparquet")),
    })
    for name in ("csv", "json", "parquet", "orc", "text"):
        cases[f"empty folder {name}"] = lambda name=name: table(spark.read.format(name).load(f"{f}/empty"))
        cases[f"no path {name}"] = lambda name=name: table(spark.read.format(name).load())
    cases.update(writes(spark, out))
    return cases


TYPES = ("SELECT timestamp'2024-01-01 10:00:00.123' ts, timestamp_ntz'2024-01-01 10:00:00.5' ntz, date'2024-01-01' d, 1.50bd dec, true b, "
         "1Y t, 2S s, 3 i, 4L l, cast(1.0 AS FLOAT) f, 1e20D dd, 'x' str")
NESTED = "SELECT array(1, null) a, map('k', 1.5D) m, named_struct('x', 1, 'y', array(named_struct('z', 'q'))) s, cast('ab' AS BINARY) bin"


def written(folder):
    """The files of a folder: their names without ids, and the text of those that are text."""
    out = []
    for path in Path(folder).rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name.endswith(".crc") or "/.part" in name:
            continue
        name = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", name)
        out.append([name, path.read_text() if path.suffix in (".csv", ".json", ".txt") else None])
    return sorted(out, key=str)


def writes(spark, out):
    def rows():
        return spark.createDataFrame([(1, 'a,"b', None, 1.5), (2, "", "x\ny", float("nan")), (3, " p ", "\\", None), (4, "c,\\", "#", 0.0)],
                                     "id int,s string,n string,d double").coalesce(1)

    def write(name, df, format, mode="error", partition_by=(), **options):
        writer = df.write.format(format).mode(mode).options(**options)
        (writer.partitionBy(*partition_by) if partition_by else writer).save(f"{out}/{name}")
        return written(f"{out}/{name}")

    def back(name, format, **options):
        return table(spark.read.format(format).options(**options).load(f"{out}/{name}"))

    parted = "SELECT * FROM VALUES (1,'x y','p'),(2,null,'q'),(3,'a/b:c%','r'),(4,'','s') t(id,k,v)"
    return {
        "write csv": lambda: write("csv1", rows(), "csv"),
        "write csv options": lambda: write("csv2", rows(), "csv", header=True, nullValue="NULL", quoteAll=True),
        "write csv more options": lambda: write("csv3", rows(), "csv", emptyValue="E", sep="|", escapeQuotes=False, ignoreLeadingWhiteSpace=False),
        "write csv gzip": lambda: [write("csv4", rows(), "csv", compression="gzip"), back("csv4", "csv")],
        "write json": lambda: write("json1", rows(), "json"),
        "write json nulls": lambda: write("json2", rows(), "json", ignoreNullFields=False),
        "write json codecs": lambda: [[c, write(f"json-{c}", rows(), "json", compression=c), back(f"json-{c}", "json")]
                                      for c in ("none", "bzip2", "deflate")],
        "write types json": lambda: [write("types1", spark.sql(TYPES), "json"), back("types1", "json")],
        "write types csv": lambda: [write("types2", spark.sql(TYPES), "csv", header=True), back("types2", "csv", header=True, inferSchema=True)],
        "write types parquet": lambda: [write("types3", spark.sql(TYPES), "parquet"), back("types3", "parquet")],
        "write nested json": lambda: [write("nested1", spark.sql(NESTED), "json"), back("nested1", "json")],
        "write nested parquet": lambda: [write("nested2", spark.sql(NESTED), "parquet", compression="zstd"), back("nested2", "parquet")],
        "write types orc": lambda: [write("types4", spark.sql(TYPES).drop("ntz"), "orc"), back("types4", "orc")],
        "write nested orc": lambda: [write("nested4", spark.sql(NESTED), "orc", compression="snappy"), back("nested4", "orc")],
        "write nested csv": lambda: write("nested3", spark.sql(NESTED), "csv"),
        "write formats of dates": lambda: write("dates", spark.sql(TYPES).select("ts", "d"), "csv", timestampFormat="dd/MM/yyyy HH", dateFormat="yyyy.DDD"),
        "write text": lambda: [write("text1", rows().select("s"), "text"), back("text1", "text")],
        "write text of two": lambda: write("text2", rows(), "text"),
        "write text of int": lambda: write("text3", spark.range(1), "text"),
        "write again": lambda: write("json1", rows(), "json"),
        "write ignore": lambda: write("json1", spark.range(1), "json", "ignore"),
        "write append": lambda: write("json1", spark.range(3).coalesce(1), "json", "append", maxRecordsPerFile=2),
        "write overwrite": lambda: write("json1", spark.range(1).coalesce(1), "json", "overwrite"),
        "write partitions": lambda: [write("p1", spark.sql(parted).coalesce(1), "json", partition_by=["k"]),
                                     table(spark.read.json(f"{out}/p1").orderBy("id"))],
        "overwrite partitions": lambda: [write("p1", spark.sql("SELECT 9L id, 'x y' k, 'new' v").coalesce(1), "json", "overwrite", ["k"],
                                               partitionOverwriteMode="dynamic"), table(spark.read.json(f"{out}/p1").orderBy("id"))],
        "write two partition columns": lambda: write("p2", spark.sql("SELECT 1 a, date'2024-01-01' d, 2.5 n").coalesce(1), "csv", partition_by=["d", "n"]),
        "write all partitions": lambda: write("p3", spark.range(1), "json", partition_by=["id"]),
        "write a partition that is missing": lambda: write("p4", spark.range(1), "json", partition_by=["zz"]),
        "write a column twice": lambda: write("p5", spark.sql("SELECT 1 a, 2 a"), "json"),
        "write nothing": lambda: [write("none1", spark.range(0), "json"), write("none2", spark.range(0), "parquet"), back("none2", "parquet")],
        "write bad codec": lambda: write("bad1", spark.range(1), "json", compression="foo"),
        "write bad codec parquet": lambda: write("bad2", spark.range(1), "parquet", compression="foo"),
        "parquet": lambda: [write("pq", spark.range(2).coalesce(1), "parquet", "overwrite"),
                            len(write("pq", spark.sql("SELECT id x, id FROM range(2)").coalesce(1), "parquet", "append")),
                            table(spark.read.option("mergeSchema", True).parquet(f"{out}/pq").select("id", "x").orderBy("id", "x")), spark.read.parquet(f"{out}/pq").count()],
        "parquet as string": lambda: table(spark.read.schema("id string").parquet(f"{out}/pq")),
        "parquet as int": lambda: table(spark.read.schema("id int, zz string").parquet(f"{out}/pq")),
        "parquet filtered": lambda: [write("pq2", spark.range(1000).coalesce(1), "parquet"),
                                     table(spark.read.parquet(f"{out}/pq2").where("id > 990 and id < 993 or id = 5").orderBy("id"))],
    }


def answer(label, call):
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - every refusal is an answer
        if os.environ.get("FILE_CALLS_VERBOSE"):
            print(label, str(error)[:500].replace("\n", " "))
        return condition(error)


def answers(spark, folder, out):
    return {label: answer(label, call) for label, call in calls(spark, folder, out).items()}
