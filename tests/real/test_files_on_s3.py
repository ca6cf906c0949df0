"""Files on S3: every format is written and read, and the objects are what pyarrow reads."""
import pyarrow.dataset as dataset
import pyarrow.fs
import pytest

from support import connect


@pytest.fixture(scope="module")
def bucket(s3):
    s3.client().create_bucket(Bucket="files")
    return "files"


@pytest.fixture(scope="module")
def server(sluice, s3, bucket):
    settings = {"spark.hadoop.fs.s3a.endpoint": s3.endpoint, "spark.hadoop.fs.s3a.access.key": s3.ACCESS_KEY,
                "spark.hadoop.fs.s3a.secret.key": s3.SECRET_KEY, "spark.hadoop.fs.s3a.path.style.access": "true",
                "spark.hadoop.fs.s3a.endpoint.region": s3.REGION}
    with connect.Server(sluice, settings) as server:
        yield server


CALLS = """
rows = spark.range(100).selectExpr("id", "CONCAT('n', id) AS s", "id % 3 AS k")
result = {}
for scheme in ("s3", "s3a"):
    for name in ("json", "csv", "parquet", "orc", "avro"):
        path = f"{scheme}://{bucket}/{scheme}/{name} files"
        rows.write.format(name).partitionBy("k").save(path)
        rows.where("id < 10").write.format(name).partitionBy("k").mode("append").save(path)
        back = spark.read.format(name).schema("id BIGINT, s STRING, k INT").load(path)
        found = [back.count(), back.where("k = 1 AND id > 50").count(), back.selectExpr("sum(id)").first()[0],
                 back.where("s = 'n42'").select("_metadata.file_path").first()[0].startswith(f"{scheme}://{bucket}/{scheme}/{name}%20files/k=0/part-")]
        found.append(spark.read.format(name).schema("id BIGINT, s STRING").load(f"{path}/k=[12]/part*").count())
        try:
            rows.write.format(name).save(path)
        except Exception as error:
            found.append("PATH_ALREADY_EXISTS" in str(error))
        rows.limit(5).write.format(name).mode("overwrite").save(path)
        found.append(spark.read.format(name).schema("id BIGINT, s STRING, k INT").load(path).count())
        result[f"{scheme} {name}"] = found
try:
    spark.read.text(f"s3://{bucket}/nothing").count()
except Exception as error:
    result["missing"] = "PATH_NOT_FOUND" in str(error)
"""


def test_batch_reads_and_writes(server, s3, bucket):
    found = server.run(CALLS, bucket=bucket)
    assert found.pop("missing")
    assert len(found) == 10
    assert set(map(str, found.values())) == {str([110, 16, 4995, True, 72, True, 5])}
    files = pyarrow.fs.S3FileSystem(endpoint_override=s3.endpoint, access_key=s3.ACCESS_KEY, secret_key=s3.SECRET_KEY, region=s3.REGION)
    assert dataset.dataset(f"{bucket}/s3/parquet files", format="parquet", filesystem=files).to_table().num_rows == 5
    names = [item["Key"] for item in s3.client().list_objects_v2(Bucket=bucket, Prefix="s3/json files/")["Contents"]]
    assert "s3/json files/_SUCCESS" in names and not [name for name in names if "_temporary" in name]


STREAM = """
query = (spark.readStream.schema("v INT").json(f"s3a://{bucket}/in").writeStream.format("parquet").option("checkpointLocation", f"{root}/checkpoint")
         .trigger(availableNow=True).start(f"{root}/out"))
query.awaitTermination()
result = sorted(row.v for row in spark.read.parquet(f"{root}/out").collect())
"""


def test_a_stream_from_s3(server, s3, bucket, tmp_path):
    for i in range(3):
        s3.client().put_object(Bucket=bucket, Key=f"in/{i}.json", Body=f'{{"v":{i}}}\n'.encode())
    assert server.run(STREAM, bucket=bucket, root=str(tmp_path)) == [0, 1, 2]
    s3.client().put_object(Bucket=bucket, Key="in/3.json", Body=b'{"v":3}\n')
    assert server.run(STREAM, bucket=bucket, root=str(tmp_path)) == [0, 1, 2, 3]
