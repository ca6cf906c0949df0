"""Each real part starts and answers."""
import json
import os
import subprocess
import urllib.request

from support import parts, spark as real_spark


def test_kafka_produces_and_consumes(kafka):
    kafka.create_topic("parts", partitions=2)
    kafka.produce("parts", [{"value": f"v{i}", "partition": i % 2} for i in range(10)])
    assert sorted(m.value().decode() for m in kafka.consume("parts", 10)) == sorted(f"v{i}" for i in range(10))


def test_the_connector_on_a_real_broker(kafka, build):
    """src/connectors/kafka/real_broker_test.cc, which is skipped where no broker is named."""
    done = subprocess.run([build / "bin" / "connectors_kafka_test", "--gtest_filter=KafkaReal.*"], capture_output=True,
                          text=True, timeout=300, env={**os.environ, "SLUICE_TEST_KAFKA": kafka.bootstrap})
    assert done.returncode == 0 and "SKIPPED" not in done.stdout and "[  PASSED  ]" in done.stdout, done.stdout


def test_kafka_keeps_data_over_a_kill(tmp_path):
    with parts.KafkaBroker(tmp_path) as broker:
        broker.create_topic("kept")
        broker.produce("kept", ["before"])
        broker.kill()
        broker.start()
        broker.produce("kept", ["after"])
        assert [m.value() for m in broker.consume("kept", 2)] == [b"before", b"after"]


def test_spark_answers(spark):
    assert [row.id for row in spark.range(3).collect()] == [0, 1, 2]
    assert spark.version == parts.SPARK


def test_spark_reads_kafka(spark, kafka):
    kafka.create_topic("parts-spark")
    kafka.produce("parts-spark", ["a", "b"])
    rows = (spark.read.format("kafka").option("kafka.bootstrap.servers", kafka.bootstrap)
            .option("subscribe", "parts-spark").load().selectExpr("cast(value as string) v").collect())
    assert [row.v for row in rows] == ["a", "b"]


def test_spark_in_a_process_writes_iceberg(tmp_path):
    result = real_spark.run(
        "spark.sql('create table demo.ns.t (x int) using iceberg')\n"
        "spark.sql('insert into demo.ns.t values (1), (2)')\n"
        "result = [row.x for row in spark.sql('select x from demo.ns.t order by x').collect()]",
        real_spark.iceberg_catalog("demo", type="hadoop", warehouse=tmp_path))
    assert result == [1, 2]


def test_rest_catalog_creates_a_namespace(rest_catalog):
    request = urllib.request.Request(
        f"{rest_catalog.uri}/v1/namespaces", json.dumps({"namespace": ["parts"], "properties": {}}).encode(),
        {"Content-Type": "application/json"})
    assert json.load(urllib.request.urlopen(request))["namespace"] == ["parts"]


def test_pyiceberg_and_spark_share_a_rest_catalog(rest_catalog, spark):
    from pyiceberg.catalog import load_catalog
    for key, value in real_spark.iceberg_catalog("parts_rest", type="rest", uri=rest_catalog.uri).items():
        spark.conf.set(key, value)
    spark.sql("create namespace parts_rest.shared")
    spark.sql("create table parts_rest.shared.t as select 7 as x")
    table = load_catalog("rest", uri=rest_catalog.uri).load_table("shared.t")
    assert table.scan().to_arrow().to_pydict() == {"x": [7]}


def test_s3_keeps_an_object(s3):
    client = s3.client()
    client.create_bucket(Bucket="parts")
    client.put_object(Bucket="parts", Key="a/b", Body=b"content")
    assert client.get_object(Bucket="parts", Key="a/b")["Body"].read() == b"content"


def test_rest_catalog_over_s3(s3, tmp_path):
    import pyarrow
    from pyiceberg.catalog import load_catalog
    s3.client().create_bucket(Bucket="warehouse")
    storage = {"s3.endpoint": s3.endpoint, "s3.access-key-id": s3.ACCESS_KEY,
               "s3.secret-access-key": s3.SECRET_KEY, "s3.path-style-access": "true"}
    server = parts.RestCatalog(tmp_path, "s3://warehouse/", **storage,
                               **{"io-impl": "org.apache.iceberg.aws.s3.S3FileIO", "client.region": s3.REGION})
    with server:
        catalog = load_catalog("rest", uri=server.uri, **storage, **{"s3.region": s3.REGION})
        catalog.create_namespace("ns")
        rows = pyarrow.table({"x": [1, 2]})
        catalog.create_table("ns.t", rows.schema).append(rows)
        assert catalog.load_table("ns.t").scan().to_arrow().to_pydict() == {"x": [1, 2]}
