"""One Iceberg table, several engines: what Spark wrote reads the same in Sluice, what Sluice wrote in all others."""
import time
from pathlib import Path

import pytest

from support import parts, spark as real_spark
from support.cli import Sluice, as_text, sorted_rows


def configure(spark, settings):
    for key, value in settings.items():
        spark.conf.set(key, value)


def newest_metadata(table):
    files = Path(table, "metadata").glob("v*.metadata.json")
    return str(max(files, key=lambda p: int(p.name[1:].split(".")[0])))


def spark_rows(spark, statement):
    return [row.asDict() for row in spark.sql(statement).collect()]


def same_answer(spark, sql, table, where=""):
    """Both engines' rows of a table, as text, are the same; gives them."""
    columns = spark.sql(f"SELECT * FROM {table}").dtypes
    statement = f"SELECT {as_text(columns)} FROM {table} {where}"
    rows = sorted_rows(sql.query(statement))
    assert rows == sorted_rows(spark_rows(spark, statement))
    return rows


@pytest.fixture(scope="module")
def hadoop(spark, sluice, tmp_path_factory):
    """The catalog `shared` of a folder, in both engines: (warehouse, Sluice)."""
    warehouse = tmp_path_factory.mktemp("warehouse")
    settings = real_spark.iceberg_catalog("shared", type="hadoop", warehouse=warehouse)
    # Spark may not keep a table that the other engine changes.
    configure(spark, {**settings, "spark.sql.catalog.shared.cache-enabled": "false"})
    spark.sql("CREATE NAMESPACE shared.db")
    return warehouse, Sluice(sluice, settings)


# ---- Spark wrote ---------------------------------------------------------------------------------------------------

EVOLVED = "shared.db.evolved"


@pytest.fixture(scope="module")
def evolved(spark, hadoop):
    """A table of real Spark: two transforms, a schema and a spec that changed, deletes of both kinds, a branch, a tag."""
    script = f"""
        CREATE TABLE {EVOLVED} (id INT, ts TIMESTAMP, name STRING, amount FLOAT, price DECIMAL(9,2),
          nested STRUCT<a: INT, b: STRING>, tags ARRAY<STRING>, props MAP<STRING, INT>, d DATE, raw BINARY, flag BOOLEAN,
          local TIMESTAMP_NTZ)
          USING iceberg PARTITIONED BY (days(ts), bucket(4, id));
        INSERT INTO {EVOLVED} SELECT id, timestamp'2024-12-30 20:00:00' + make_interval(0, 0, 0, 0, id * 5),
          concat('name ', id % 7), id / 4, id * 1.25, named_struct('a', id, 'b', concat('b', id)),
          array('t', concat('u', id)), map('k', id), date'1969-12-25' + id, cast(concat('r', id) AS BINARY),
          id % 2 = 0, timestamp_ntz'2024-12-30 20:00:00' + make_interval(0, 0, 0, 0, id)
          FROM (SELECT cast(id AS INT) id FROM range(40));
        INSERT INTO {EVOLVED} VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
          (100, timestamp'1969-12-31 23:59:59.999999', '', cast('nan' AS FLOAT), -0.01, named_struct('a', NULL, 'b', ''),
           array(), map(), date'0001-01-01', X'', false, timestamp_ntz'1900-01-01 00:00:00');
        ALTER TABLE {EVOLVED} CREATE TAG before_change;
        ALTER TABLE {EVOLVED} ALTER COLUMN id TYPE BIGINT;
        ALTER TABLE {EVOLVED} ALTER COLUMN amount TYPE DOUBLE;
        ALTER TABLE {EVOLVED} ALTER COLUMN price TYPE DECIMAL(12,2);
        ALTER TABLE {EVOLVED} RENAME COLUMN name TO title;
        ALTER TABLE {EVOLVED} ADD COLUMN note STRING AFTER title;
        ALTER TABLE {EVOLVED} ADD COLUMN nested.c DOUBLE;
        ALTER TABLE {EVOLVED} RENAME COLUMN nested.b TO bb;
        ALTER TABLE {EVOLVED} DROP COLUMN flag;
        ALTER TABLE {EVOLVED} ADD COLUMN flag STRING;
        INSERT INTO {EVOLVED} VALUES (5000000000, timestamp'2025-01-02 03:04:05.678901', 'new', 'a note', 0.1, 1234567890.12,
          named_struct('a', 1, 'bb', 'x', 'c', 2.5), array(NULL, 'z'), map('n', NULL), date'2025-01-02', X'00ff', timestamp_ntz'2025-01-02 03:04:05.5', 'text now');
        ALTER TABLE {EVOLVED} CREATE BRANCH side;
        INSERT INTO {EVOLVED}.branch_side (id, title) VALUES (-1, 'only on the branch');
        ALTER TABLE {EVOLVED} ADD PARTITION FIELD truncate(2, title);
        ALTER TABLE {EVOLVED} DROP PARTITION FIELD bucket(4, id);
        INSERT INTO {EVOLVED} (id, ts, title) SELECT id + 200, timestamp'2025-01-03 00:00:00', concat('n', id) FROM range(20);
        DELETE FROM {EVOLVED} WHERE id BETWEEN 3 AND 5;
        ALTER TABLE {EVOLVED} SET TBLPROPERTIES ('write.delete.mode' = 'merge-on-read');
        DELETE FROM {EVOLVED} WHERE id IN (10, 201, 203);
        DELETE FROM {EVOLVED} WHERE title = 'n7'"""
    for statement in script.split(";\n"):
        spark.sql(statement)
    return EVOLVED


def test_evolved_table_reads_the_same(spark, hadoop, evolved):
    rows = same_answer(spark, hadoop[1], evolved)
    assert len(rows) == 40 + 2 + 1 + 20 - 3 - 3 - 1


@pytest.mark.parametrize("where", [
    "WHERE ts >= timestamp'2025-01-01 00:00:00' AND ts < timestamp'2025-01-03 00:00:00'",
    "WHERE ts IS NULL",
    "WHERE ts < timestamp'1970-01-01 00:00:00'",
    "WHERE id = 17",
    "WHERE id = 5000000000",
    "WHERE id IN (1, 2, 3, 4, 201, 202)",
    "WHERE title = 'name 3'",
    "WHERE title LIKE 'n1%'",
    "WHERE title <> 'new'",
    "WHERE amount BETWEEN 5 AND 7",
    "WHERE amount = cast('nan' AS DOUBLE)",
    "WHERE price < 0",
    "WHERE nested.a = 12",
    "WHERE nested.bb = 'x'",
    "WHERE nested.c IS NULL",
    "WHERE flag IS NOT NULL",
    "WHERE d < date'1970-01-01'",
    "WHERE raw = X'00ff'",
    "WHERE local >= timestamp_ntz'2025-01-01 00:00:00'",
    "WHERE note = 'a note' OR id < 2",
    "WHERE NOT (id < 30)",
])
def test_filters_skip_nothing_that_matches(spark, hadoop, evolved, where):
    same_answer(spark, hadoop[1], evolved, where)


def test_counts_and_groups(spark, hadoop, evolved):
    for statement in (
            f"SELECT count(*) AS n, count(id) AS ids, count(flag) AS flags FROM {evolved}",
            f"SELECT cast(sum(id) AS STRING) AS s, cast(max(ts) AS STRING) AS t FROM {evolved}",
            f"SELECT title, count(*) AS n FROM {evolved} GROUP BY title"):
        assert sorted_rows(hadoop[1].query(statement)) == sorted_rows(spark_rows(spark, statement))


def test_every_snapshot_reads_the_same(spark, hadoop, evolved):
    snapshots = spark.sql(f"SELECT snapshot_id FROM {evolved}.snapshots").collect()
    assert len(snapshots) >= 6
    for row in snapshots:
        same_answer(spark, hadoop[1], f"{evolved} VERSION AS OF {row.snapshot_id}")


def test_tag_branch_and_time(spark, hadoop, evolved):
    same_answer(spark, hadoop[1], f"{evolved} VERSION AS OF 'before_change'")
    side = same_answer(spark, hadoop[1], f"{evolved} VERSION AS OF 'side'")
    assert sum(row["id"] == "-1" for row in side) == 1
    # A moment between two snapshots, to the millisecond.
    times = [row.t for row in spark.sql(
        f"SELECT date_format(made_current_at, 'yyyy-MM-dd HH:mm:ss.SSS') t FROM {evolved}.history ORDER BY made_current_at").collect()]
    for at in (times[0], times[len(times) // 2], times[-1]):
        same_answer(spark, hadoop[1], f"{evolved} TIMESTAMP AS OF '{at}'")


METADATA_TABLES = ["snapshots", "history", "files", "manifests", "partitions", "refs", "entries", "data_files",
                   "delete_files", "all_data_files", "all_delete_files", "all_files", "all_entries", "metadata_log_entries"]


@pytest.mark.parametrize("name", METADATA_TABLES)
def test_columns_of_metadata_tables(spark, hadoop, evolved, name):
    statement = f"DESCRIBE QUERY SELECT * FROM {evolved}.{name}"
    ours = [(row["col_name"], row["data_type"]) for row in hadoop[1].query(statement)]
    assert ours == [(row.col_name, row.data_type) for row in spark.sql(statement).collect()]


@pytest.mark.parametrize("name, columns", [
    ("snapshots", "committed_at, snapshot_id, parent_id, operation, manifest_list, summary['total-records']"),
    ("history", "made_current_at, snapshot_id, parent_id, is_current_ancestor"),
    ("files", "content, file_path, spec_id, record_count, file_size_in_bytes, partition, sort_order_id"),
    ("delete_files", "content, file_path, record_count"),
    ("manifests", "content, path, length, partition_spec_id, added_snapshot_id, added_data_files_count, "
                  "existing_data_files_count, deleted_data_files_count, added_delete_files_count, partition_summaries"),
    ("partitions", "partition, spec_id, record_count, file_count, position_delete_record_count, "
                   "last_updated_snapshot_id"),
    ("refs", "name, type, snapshot_id"),
    ("entries", "status, snapshot_id, sequence_number, file_sequence_number, data_file.file_path"),
    ("all_data_files", "file_path, record_count"),
    ("metadata_log_entries", "file, latest_snapshot_id, latest_schema_id, latest_sequence_number"),
])
def test_rows_of_metadata_tables(spark, hadoop, evolved, name, columns):
    texts = ", ".join(f"cast({column.strip()} AS STRING) AS c{i}" for i, column in enumerate(columns.split(",")))
    statement = f"SELECT {texts} FROM {evolved}.{name}"
    theirs = sorted_rows(spark_rows(spark, statement))
    assert theirs
    assert sorted_rows(hadoop[1].query(statement)) == theirs


def test_sluice_appends_to_a_table_of_spark(spark, hadoop):
    table = "shared.db.appended"
    spark.sql(f"CREATE TABLE {table} (id BIGINT, ts TIMESTAMP, s STRING) USING iceberg PARTITIONED BY (days(ts), bucket(4, id))")
    spark.sql(f"INSERT INTO {table} VALUES (1, timestamp'2025-01-01 00:00:00', 'spark')")
    hadoop[1].run(f"INSERT INTO {table} VALUES (2, timestamp'2025-01-01 23:59:59.999999', 'sluice'), (3, NULL, NULL)")
    spark.sql(f"INSERT INTO {table} VALUES (4, timestamp'1960-02-29 12:00:00', 'spark')")
    hadoop[1].run(f"INSERT INTO {table} VALUES (5, timestamp'1960-02-29 12:00:00', 'sluice')")
    rows = same_answer(spark, hadoop[1], table)
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5"]
    # Same values, same partitions: Spark prunes files that Sluice placed.
    for where in ("WHERE ts = timestamp'2025-01-01 23:59:59.999999'", "WHERE id = 5", "WHERE ts IS NULL"):
        assert len(same_answer(spark, hadoop[1], table, where)) == 1
    hadoop[1].run(f"INSERT OVERWRITE {table} SELECT id, ts, 'over' FROM {table} WHERE id > 3")
    assert [row["s"] for row in same_answer(spark, hadoop[1], table)] == ["over", "over"]


# ---- Sluice wrote --------------------------------------------------------------------------------------------------

COLUMNS = """
    id BIGINT, i INT, flag BOOLEAN, f FLOAT, x DOUBLE, price DECIMAL(9,2), big DECIMAL(38,10), s STRING, raw BINARY, d DATE,
    ts TIMESTAMP, local TIMESTAMP_NTZ, list ARRAY<INT>, nested STRUCT<a: INT, b: STRUCT<c: STRING>>, props MAP<STRING, DOUBLE>
"""
ROWS = """
    (1, 1, true, 1.5F, 2.5, 12.34, 1234567890123456789012345678.0123456789, 'äöü 🙂', X'00ff', date'2024-02-29',
     timestamp'2024-02-29 12:34:56.789012', timestamp_ntz'2024-02-29 12:34:56.789012', array(1, NULL, 3),
     named_struct('a', 1, 'b', named_struct('c', 'deep')), map('k', 0.5, 'n', NULL)),
    (2, -2147483648, false, cast('nan' AS FLOAT), cast('-Infinity' AS DOUBLE), -9999999.99, -0.0000000001, '', X'', date'1969-12-31',
     timestamp'1969-12-31 23:59:59.999999', timestamp_ntz'1600-01-01 00:00:00', array(), named_struct('a', NULL, 'b', NULL), map()),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (9223372036854775807, 2147483647, true, -0.0F, 1e308, 0, 0, 'long long long long long text', X'deadbeef',
     date'9999-12-31', timestamp'2261-01-01 00:00:00', timestamp_ntz'2261-01-01 00:00:00', array(7), named_struct('a', 2, 'b', named_struct('c', NULL)), map('z', 1e0)),
    (5, 5, true, 5F, 5, 5, 5, 'äöx', X'00', date'2024-03-01', timestamp'2024-03-01 00:00:00', timestamp_ntz'2024-03-01 00:00:00', NULL, NULL, NULL)
"""


@pytest.mark.parametrize("partitioning", [
    "", "s", "flag, d", "bucket(4, id)", "bucket(3, s), bucket(2, d), bucket(5, ts), bucket(7, price), bucket(3, raw), bucket(4, i)",
    "truncate(3, s)", "truncate(10, id), truncate(100, price), truncate(1, raw)", "years(ts)", "months(d)", "days(local)",
    "hours(ts)", "days(ts), bucket(4, id), s", "x", "big",
])
def test_table_of_sluice_reads_the_same_everywhere(spark, hadoop, partitioning):
    warehouse, sql = hadoop
    name = f"t{time.time_ns()}"
    table = f"shared.db.{name}"
    clause = f"PARTITIONED BY ({partitioning})" if partitioning else ""
    sql.run(f"CREATE TABLE {table} ({COLUMNS}) USING iceberg {clause}")
    sql.run(f"INSERT INTO {table} VALUES {ROWS}")
    sql.run(f"INSERT INTO {table} SELECT * FROM {table} WHERE id = 5")

    rows = same_answer(spark, sql, table)
    assert [row["id"] for row in rows].count("5") == 2 and len(rows) == 6
    for where in ("WHERE id = 5", "WHERE s = 'äöx'", "WHERE s IS NULL", "WHERE ts >= timestamp'2024-03-01 00:00:00'",
                  "WHERE d = date'2024-02-29'", "WHERE x > 0", "WHERE price < 0", "WHERE f = cast('nan' AS FLOAT)", "WHERE raw = X'00'"):
        same_answer(spark, sql, table, where)

    from pyiceberg.table import StaticTable
    static = StaticTable.from_metadata(newest_metadata(warehouse / "db" / name))
    arrow = static.scan().to_arrow().sort_by("id")
    assert arrow.column("id").to_pylist() == [1, 2, 3, 5, 5, 9223372036854775807]
    assert arrow.column("s").to_pylist()[0] == "äöü 🙂"
    assert str(arrow.column("big").to_pylist()[0]) == "1234567890123456789012345678.0123456789"
    assert static.scan("id = 5").to_arrow().num_rows == 2, "by its metrics and partitions"

    import duckdb
    files = [task.file.file_path.removeprefix("file:") for task in static.scan().plan_files()]
    counted = duckdb.execute("SELECT count(*), count(s), max(id), min(d), max(nested.a), sum(list_sum(list)) "
                             "FROM read_parquet($files, hive_partitioning = false)", {"files": files}).fetchone()
    assert [str(value) for value in counted] == ["6", "5", "9223372036854775807", "1969-12-31", "2", "11"]


def test_duckdb_reads_the_table_by_its_own_iceberg_reader(hadoop):
    """Its extension is a download: skipped where there is none."""
    import duckdb
    warehouse, sql = hadoop
    try:
        duckdb.execute("INSTALL iceberg; LOAD iceberg")
    except duckdb.Error as error:
        pytest.skip(f"DuckDB's iceberg extension: {str(error).splitlines()[0]}")
    sql.run("CREATE TABLE shared.db.ducks USING iceberg AS SELECT id, concat('d', id) AS s FROM range(1000)")
    rows = duckdb.execute("SELECT count(*), sum(id) FROM iceberg_scan($t)", {"t": newest_metadata(warehouse / "db" / "ducks")})
    assert rows.fetchone() == (1000, 499500)


def test_ctas_and_properties(spark, hadoop):
    table = "shared.db.ctas"
    hadoop[1].run(f"CREATE TABLE {table} USING iceberg PARTITIONED BY (bucket(2, id)) "
                  "TBLPROPERTIES ('write.parquet.compression-codec' = 'snappy') COMMENT 'a comment' "
                  "AS SELECT id, cast(id AS STRING) AS s FROM range(100)")
    assert len(same_answer(spark, hadoop[1], table)) == 100
    properties = {row.key: row.value for row in spark.sql(f"SHOW TBLPROPERTIES {table}").collect()}
    assert properties["write.parquet.compression-codec"] == "snappy"
    described = {row.col_name: row.data_type for row in spark.sql(f"DESCRIBE EXTENDED {table}").collect()}
    assert described["Comment"] == "a comment"


# ---- other places --------------------------------------------------------------------------------------------------

def test_rest_catalog_is_shared(spark, sluice, rest_catalog):
    settings = real_spark.iceberg_catalog("shared_rest", type="rest", uri=rest_catalog.uri)
    configure(spark, {**settings, "spark.sql.catalog.shared_rest.cache-enabled": "false"})
    sql = Sluice(sluice, settings)
    table = "shared_rest.ns1.t"
    sql.run("CREATE NAMESPACE shared_rest.ns1")
    sql.run(f"CREATE TABLE {table} (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (days(ts))")
    sql.run(f"INSERT INTO {table} VALUES (1, timestamp'2025-01-01 00:00:00')")
    spark.sql(f"INSERT INTO {table} VALUES (2, timestamp'2025-01-02 00:00:00')")
    from pyiceberg.catalog import load_catalog
    theirs = load_catalog("rest", uri=rest_catalog.uri).load_table("ns1.t")
    assert sorted(theirs.scan().to_arrow().column("id").to_pylist()) == [1, 2]
    sql.run(f"INSERT INTO {table} VALUES (3, NULL)")
    assert len(same_answer(spark, sql, table)) == 3
    assert {row["tableName"] for row in sql.query("SHOW TABLES IN shared_rest.ns1")} == {"t"}
    assert len(spark.sql(f"SELECT * FROM {table}.snapshots").collect()) == 3
    sql.run(f"CREATE OR REPLACE TABLE {table} USING iceberg AS SELECT 7 AS seven")
    assert spark_rows(spark, f"SELECT * FROM {table}") == [{"seven": 7}]
    sql.run(f"DROP TABLE {table}")
    assert not spark.catalog.tableExists(table)


@pytest.fixture
def storage(s3):
    """A new bucket and the properties that lead to it."""
    bucket = f"b{time.time_ns()}"
    s3.client().create_bucket(Bucket=bucket)
    return bucket, {"s3.endpoint": s3.endpoint, "s3.access-key-id": s3.ACCESS_KEY, "s3.secret-access-key": s3.SECRET_KEY,
                    "s3.path-style-access": "true", "client.region": s3.REGION}


def test_warehouse_on_s3(sluice, storage):
    bucket, properties = storage
    sql = Sluice(sluice, real_spark.iceberg_catalog("s3cat", type="hadoop", warehouse=f"s3://{bucket}/wh", **properties))
    sql.run("CREATE NAMESPACE s3cat.db")
    sql.run("CREATE TABLE s3cat.db.t (id BIGINT, s STRING) USING iceberg PARTITIONED BY (bucket(2, id))")
    sql.run("INSERT INTO s3cat.db.t SELECT id, concat('s', id) FROM range(100)")
    sql.run("INSERT INTO s3cat.db.t VALUES (100, 'last')")
    assert sql.query("SELECT count(*) AS n, sum(id) AS s FROM s3cat.db.t") == [{"n": 101, "s": 5050}]
    assert sql.query("SELECT s FROM s3cat.db.t WHERE id = 42") == [{"s": "s42"}]
    assert len(sql.query("SELECT * FROM s3cat.db.t.snapshots")) == 2
    from pyiceberg.table import StaticTable
    static = StaticTable.from_metadata(f"s3://{bucket}/wh/db/t/metadata/v3.metadata.json",
                                       {**properties, "s3.region": properties["client.region"]})
    assert static.scan().to_arrow().num_rows == 101
    assert [row["tableName"] for row in sql.query("SHOW TABLES IN s3cat.db")] == ["t"]
    sql.run("DROP TABLE s3cat.db.t")
    assert sql.query("SHOW TABLES IN s3cat.db") == []


def test_rest_catalog_over_s3(spark, sluice, storage, tmp_path):
    bucket, properties = storage
    io = {"io-impl": "org.apache.iceberg.aws.s3.S3FileIO", **properties}
    with parts.RestCatalog(tmp_path, f"s3://{bucket}/", **io) as server:
        settings = real_spark.iceberg_catalog("rest_s3", type="rest", uri=server.uri, **io)
        configure(spark, settings)
        sql = Sluice(sluice, settings)
        sql.run("CREATE NAMESPACE rest_s3.db")
        sql.run("CREATE TABLE rest_s3.db.t USING iceberg AS SELECT id, concat('s', id) AS s FROM range(10)")
        spark.sql("INSERT INTO rest_s3.db.t VALUES (10, 'spark')")
        assert len(same_answer(spark, sql, "rest_s3.db.t")) == 11


@pytest.fixture(params=["hadoop", "rest"])
def race_catalog(request, tmp_path):
    """Options of a catalog; the server keeps its tables in a file, as the usual one in memory can't take two clients."""
    if request.param == "hadoop":
        yield {"type": "hadoop", "warehouse": tmp_path}
        return
    database = f"jdbc:sqlite:{tmp_path}/catalog.db?busy_timeout=30000"
    with parts.RestCatalog(tmp_path, uri=database, clients=1) as server:
        yield {"type": "rest", "uri": server.uri}


def test_writers_at_once_all_succeed(spark, sluice, race_catalog):
    name = f"race_{race_catalog['type']}"
    settings = real_spark.iceberg_catalog(name, **race_catalog)
    configure(spark, {**settings, f"spark.sql.catalog.{name}.cache-enabled": "false"})
    sql = Sluice(sluice, settings)
    sql.run(f"CREATE NAMESPACE {name}.race")
    sql.run(f"CREATE TABLE {name}.race.t (writer INT, n BIGINT) USING iceberg")
    writers, each = 4, 6
    statements = [";".join(f"INSERT INTO {name}.race.t SELECT {w}, id + {i * 10} FROM range(10)" for i in range(each))
                  for w in range(writers)]
    running = [sql.start(statement) for statement in statements]
    for process in running:
        _, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
    rows = same_answer(spark, sql, f"{name}.race.t")
    assert len(rows) == len({(row["writer"], row["n"]) for row in rows}) == writers * each * 10
    assert len(spark.sql(f"SELECT * FROM {name}.race.t.snapshots").collect()) == writers * each
