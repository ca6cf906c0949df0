"""Avro files that real Spark and Sluice must write and read alike: writes(spark, out), then reads(spark, folder)."""
import json
import struct
from pathlib import Path

from support.file_calls import answer, table, with_settings, written

SYNC = b"0123456789abcdef"


def number(n):
    n = (n << 1) ^ (n >> 63)
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return number(len(data)) + data


def container(schema, rows, metadata=()):
    """A file of rows that are encoded already."""
    entries = {"avro.schema": json.dumps(schema), "avro.codec": "null", **dict(metadata)}
    header = b"Obj\x01" + number(len(entries)) + b"".join(text(k) + text(v) for k, v in entries.items()) + number(0) + SYNC
    block = b"".join(rows)
    return header + number(len(rows)) + number(len(block)) + block + SYNC


def schema_of(path):
    """The schema and the names of the metadata in a file's header."""
    data, at = Path(path).read_bytes(), 4

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)

    def take_text():
        nonlocal at
        size = take()
        at += size
        return data[at - size:at]

    entries = {}
    while (count := take()) != 0:
        for _ in range(abs(count)):
            key = take_text().decode()
            entries[key] = take_text()
    codec = entries.get("avro.codec", b"null").decode()
    return [json.loads(entries["avro.schema"]), sorted(k for k in entries if k != "avro.codec"), codec]


def record(*fields, name="r", **more):
    return {"type": "record", "name": name, "fields": [{"name": n, "type": t} for n, t in fields], **more}


def make_input(folder):
    """Files of no engine's: types that Spark does not write, and old dates of unknown writers."""
    node = record(("id", "int"), name="Node")
    node["fields"].append({"name": "next", "type": ["null", "Node"]})
    inner = record(("x", "int"), name="inner")
    union = ["null", "int", "string", inner, {"type": "enum", "name": "color", "symbols": ["RED", "GREEN"]}]
    files = {
        "recursive": container(node, [number(1) + number(1) + number(2) + number(1) + number(3) + number(0), number(9) + number(0)]),
        "unions": container(
            record(("u", union), ("n", ["int", "long"]), ("f", ["float", "null", "double"]), ("one", ["string"])),
            [number(0) + number(0) + number(5) + number(1) + number(0) + text("a"),
             number(1) + number(7) + number(1) + number(1 << 40) + number(0) + struct.pack("<f", 1.5) + number(0) + text("b"),
             number(2) + text("hey") + number(0) + number(-3) + number(2) + struct.pack("<d", 2.25) + number(0) + text("c"),
             number(3) + number(11) + number(0) + number(1) + number(1) + number(0) + text("d"),
             number(4) + number(1) + number(0) + number(1) + number(1) + number(0) + text("e")]),
        "logical": container(
            record(("date", {"type": "int", "logicalType": "date"}), ("ms", {"type": "long", "logicalType": "timestamp-millis"}),
                   ("us", {"type": "long", "logicalType": "timestamp-micros"}), ("lms", {"type": "long", "logicalType": "local-timestamp-millis"}),
                   ("ns", {"type": "long", "logicalType": "timestamp-nanos"}), ("tm", {"type": "int", "logicalType": "time-millis"}),
                   ("uuid", {"type": "string", "logicalType": "uuid"}), ("dec", {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 3}),
                   ("small", {"type": "fixed", "name": "f1", "size": 1, "logicalType": "decimal", "precision": 9, "scale": 1}),
                   ("cust", {"type": "long", "logicalType": "custom-decimal", "precision": 10, "scale": 2}),
                   ("fx", {"type": "fixed", "name": "f3", "size": 3})),
            [number(19000) + number(-1) + number(1700000000123456) + number(1700000000123) + number(7) + number(11) + text("u-u-i-d")
             + text(b"\xff\x00") + b"\x7f" + number(12345) + b"abc"]),
        "old_dates": container(
            record(("d", {"type": "int", "logicalType": "date"}), ("t", {"type": "long", "logicalType": "timestamp-micros"})),
            [number(d) + number(d * 86_400_000_000 + 5) for d in (-600000, -300000, -141428, -141427, 0, 19000)]),
        "arrays": container(
            record(("a", {"type": "array", "items": ["null", "int"]}), ("m", {"type": "map", "values": {"type": "array", "items": "string"}})),
            [number(-2) + number(3) + number(1) + number(5) + number(0) + number(1) + number(1) + number(6) + number(0)
             + number(1) + text("k") + number(1) + text("v") + number(0) + number(0),
             number(0) + number(0)]),
        "nothing": container(record(("a", "int")), []),
    }
    for name, data in files.items():
        path = Path(folder, name)
        path.mkdir(parents=True)
        (path / "x.avro").write_bytes(data)
    Path(folder, "names").mkdir()
    for name in ("x.avro", "y.data"):
        Path(folder, "names", name).write_bytes(files["arrays"])
    Path(folder, "corrupt").mkdir()
    Path(folder, "corrupt", "x.avro").write_bytes(files["recursive"][:-20])
    Path(folder, "empty").mkdir()
    Path(folder, "schema.json").write_text(json.dumps(record(("id", "long"))))


TYPES = ("SELECT * FROM VALUES (timestamp'2024-01-01 10:00:00.123456', timestamp_ntz'1950-01-01 10:00:00.5', date'2024-01-01', 1.50bd, -12345678901234567890.123bd, "
         "true, 1Y, 2S, 3, 4L, cast(1.0 AS FLOAT), 1e20D, 'x', X'00FF', interval '1-2' year to month, interval '1 02:03:04.5' day to second), "
         "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) "
         "t(ts, ntz, d, dec, big, b, t, s, i, l, f, dd, str, bin, ym, dt)")
NESTED = ("SELECT array(1, null) a, map('k', 1.5D) m, named_struct('x', 1, 'y', array(named_struct('z', 'q', 'w', 1.25bd))) s, array(array(date'2024-01-01')) aa, "
          "map('a', array(named_struct('t', timestamp'2024-01-01'))) mm, CAST(NULL AS STRUCT<p: INT>) n, named_struct('p', named_struct('p', 1.5bd)) p, void v FROM VALUES (NULL) AS x(void)")
CHOSEN = record(("d", {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}), ("ts", {"type": "long", "logicalType": "timestamp-millis"}),
                ("e", {"type": "enum", "name": "letter", "symbols": ["a", "b"]}), ("x", ["null", {"type": "fixed", "name": "two", "size": 2}]),
                ("u", ["int", "null", "string"]), ("extra", ["null", "int"]), name="chosen", namespace="com.example")
CHOSEN_ROWS = ("SELECT * FROM VALUES (1.25bd, timestamp'1969-12-31 23:59:59.9999', 'b', X'0102', named_struct('member0', 5, 'member1', CAST(NULL AS STRING))), "
               "(-100.01bd, timestamp'2024-01-01', 'a', NULL, named_struct('member0', CAST(NULL AS INT), 'member1', 's')), (0.00bd, timestamp'2024-01-01', 'a', NULL, NULL) t(D, ts, e, x, u)")


def writes(spark, out):
    def write(name, df, mode="error", partition_by=(), **options):
        writer = df.coalesce(1).write.format("avro").mode(mode).options(**options)
        (writer.partitionBy(*partition_by) if partition_by else writer).save(f"{out}/{name}")
        return [written(f"{out}/{name}"), [schema_of(path) for path in sorted(Path(f"{out}/{name}").rglob("*.avro"))]]

    chosen = json.dumps(CHOSEN)
    typed = spark.sql(CHOSEN_ROWS).selectExpr("CAST(D AS DECIMAL(5, 2)) D", "ts", "e", "x", "u")
    numbers = spark.range(20000).selectExpr("id", "CAST(id % 7 AS STRING) s", "id / 3 q")
    cases = {
        "types": lambda: write("types", spark.sql(TYPES)),
        "nested": lambda: write("nested", spark.sql(NESTED)),
        "not null": lambda: write("not_null", spark.range(3)),
        "record name": lambda: write("named", spark.sql(NESTED), recordName="top", recordNamespace="a.b"),
        "no rows": lambda: write("no_rows", spark.range(0)),
        "partitions": lambda: write("parted", spark.sql("SELECT 1 a, 'x y' k"), partition_by=["k"]),
        "appended": lambda: write("parted", spark.sql("SELECT 2 a, 'z' k"), mode="append", partition_by=["k"]),
        "chosen schema": lambda: write("chosen", typed, avroSchema=chosen),
        "chosen schema, by position": lambda: write("positions", typed.toDF("q", "w", "e2", "r", "t"), avroSchema=json.dumps(
            {**CHOSEN, "fields": CHOSEN["fields"][:5]}), positionalFieldMatching=True),
        "a field too many": lambda: write("bad1", typed.withColumn("more", typed.e), avroSchema=chosen),
        "a field too few": lambda: write("bad2", typed.drop("e"), avroSchema=chosen),
        "another type": lambda: write("bad3", typed.withColumn("e", typed.ts), avroSchema=chosen),
        "no such symbol": lambda: write("bad4", spark.sql("SELECT 'z' e"), avroSchema=json.dumps(record(("e", CHOSEN["fields"][2]["type"])))),
        "bytes of another length": lambda: write("bad5", spark.sql("SELECT X'00' x"), avroSchema=json.dumps(record(("x", CHOSEN["fields"][3]["type"][1])))),
        "null in a field that has none": lambda: write("bad6", spark.sql("SELECT CAST(NULL AS INT) x"), avroSchema=json.dumps(record(("x", "int")))),
        "no schema": lambda: write("bad7", spark.range(1), avroSchema="{"),
        "bad name": lambda: write("bad8", spark.sql("SELECT 1 `a b`")),
        "bad name inside": lambda: write("bad9", spark.sql("SELECT named_struct('1', 2) a")),
        "bad codec": lambda: write("bad11", spark.range(1), compression="foo"),
        "old dates": lambda: write("old1", spark.sql("SELECT date'1500-03-01' d, timestamp'1500-03-01 01:02:03' t")),
        "old dates, legacy": lambda: with_settings(spark, {"spark.sql.avro.datetimeRebaseModeInWrite": "LEGACY"}, lambda: write(
            "old2", spark.sql("SELECT date'1500-03-01' d, timestamp'1500-03-01 01:02:03' t"))),
        "old dates, exception": lambda: with_settings(spark, {"spark.sql.avro.datetimeRebaseModeInWrite": "EXCEPTION"}, lambda: write(
            "old3", spark.sql("SELECT date'1500-03-01' d"))),
        "codec of the session": lambda: with_settings(spark, {"spark.sql.avro.compression.codec": "deflate", "spark.sql.avro.deflate.level": "9"},
                                                      lambda: write("codec_conf", numbers)),
    }
    for codec in ("uncompressed", "snappy", "deflate", "bzip2", "zstandard"):
        cases[f"codec {codec}"] = lambda codec=codec: write(f"codec_{codec}", numbers, compression=codec)
    return {label: answer(label, call) for label, call in cases.items()}


def reads(spark, f, engines):
    """Of what make_input() made in `f`, and of what writes() wrote to the folders `engines`."""
    def avro(path, schema=None, **options):
        reader = spark.read.format("avro").options(**options)
        return (reader.schema(schema) if schema else reader).load(path)

    def with_text(df):
        """Python has no values for intervals of months."""
        months = [name for name, kind in df.dtypes if kind.startswith("interval")]
        return df.selectExpr("*", *[f"CAST({name} AS STRING) AS {name}_text" for name in months]).drop(*months)

    cases = {}
    for name in ("recursive", "unions", "logical", "old_dates", "arrays", "nothing", "names", "corrupt", "empty", "missing"):
        cases[name] = lambda name=name: table(avro(f"{f}/{name}"))
        cases[f"{name} counted"] = lambda name=name: avro(f"{f}/{name}", **({"recursiveFieldMaxDepth": 2} if name == "recursive" else {})).count()
    for depth in (0, 1, 2, 3, 15):
        cases[f"recursive to {depth}"] = lambda depth=depth: table(avro(f"{f}/recursive", recursiveFieldMaxDepth=depth))
    for mode in ("CORRECTED", "LEGACY", "EXCEPTION"):
        cases[f"old dates {mode}"] = lambda mode=mode: table(avro(f"{f}/old_dates", datetimeRebaseMode=mode))
        cases[f"new dates {mode}"] = lambda mode=mode: table(avro(f"{f}/logical", datetimeRebaseMode=mode).select("date"))
    evolved = record(("id", "long"), ("more", {"type": "string"}))
    evolved["fields"][1]["default"] = "def"
    renamed = {"type": "record", "name": "other", "aliases": ["r"], "fields": [
        {"name": "b", "aliases": ["a"], "type": {"type": "array", "items": ["null", "double"]}}, {"name": "n", "type": ["null", "int"], "default": None},
        {"name": "deep", "type": record(("p", "int"), ("q", {"type": "bytes"}), name="deep"), "default": {"p": 4, "q": "\u00ff"}},
        {"name": "list", "type": {"type": "array", "items": "long"}, "default": [1, 2]}, {"name": "mp", "type": {"type": "map", "values": "float"}, "default": {"a": 1.5}}]}
    cases.update({
        "unions, stable names": lambda: table(avro(f"{f}/unions", enableStableIdentifiersForUnionType=True)),
        "unions, prefix": lambda: table(avro(f"{f}/unions", enableStableIdentifiersForUnionType=True, stableIdentifierPrefixForUnionType="")),
        "unions, a member": lambda: table(avro(f"{f}/unions").select("u.member1", "n")),
        "names, ignoreExtension": lambda: table(avro(f"{f}/names", ignoreExtension=False)),
        "names, ignoreExtension, none": lambda: table(avro(f"{f}/names/y.data", ignoreExtension=False)),
        "evolved": lambda: table(avro(f"{f}/recursive", avroSchema=json.dumps(evolved))),
        "evolved, url": lambda: table(avro(f"{f}/recursive", avroSchemaUrl=f"{f}/schema.json")),
        "evolved, renamed": lambda: table(avro(f"{f}/arrays", avroSchema=json.dumps(renamed))),
        "evolved, no default": lambda: table(avro(f"{f}/recursive", avroSchema=json.dumps(record(("zz", "int"))))),
        "evolved, another type": lambda: table(avro(f"{f}/recursive", avroSchema=json.dumps(record(("id", "string"))))),
        "evolved, no schema": lambda: table(avro(f"{f}/recursive", avroSchema="nonsense")),
        "schema": lambda: table(avro(f"{f}/arrays", "M map<string,array<string>>, zz int")),
        "schema, wider": lambda: table(avro(f"{f}/recursive", "id long")),
        "schema, too narrow": lambda: table(avro(f"{f}/logical", "us int")),
        "schema, decimal": lambda: table(avro(f"{f}/logical", "dec decimal(25,3)")),
        "schema, decimal too small": lambda: table(avro(f"{f}/logical", "dec decimal(5,3)")),
        "schema, dates as numbers": lambda: table(avro(f"{f}/logical", "date int, us long, fx binary, uuid string")),
        "schema, long as timestamp": lambda: table(avro(f"{f}/logical", "ns timestamp")),
        "schema, by position": lambda: table(avro(f"{f}/arrays", "x array<int>, y map<string,array<string>>", positionalFieldMatching=True)),
        "direct": lambda: table(spark.sql(f"SELECT size(a) FROM avro.`{f}/arrays`")),
    })
    for engine in engines:
        for name in ("types", "nested", "not_null", "named", "no_rows", "chosen", "positions", "old1", "old2"):
            cases[f"{engine} {name}"] = lambda path=f"{engine}/{name}": table(with_text(avro(path)))
        cases[f"{engine} parted"] = lambda path=f"{engine}/parted": table(with_text(avro(path)).orderBy("a"))
        for codec in ("uncompressed", "snappy", "deflate", "bzip2", "zstandard", "conf"):
            for size in ("20000", "128m"):
                cases[f"{engine} codec {codec} in parts of {size}"] = lambda path=f"{engine}/codec_{codec}", size=size: with_settings(
                    spark, {"spark.sql.files.maxPartitionBytes": size, "spark.sql.files.openCostInBytes": "10"},
                    lambda: table(avro(path).selectExpr("count(*)", "sum(id)", "count(DISTINCT id)", "max(s)", "min(q)")) + [avro(path).count()])
    return {label: answer(label, call) for label, call in cases.items()}
