"""What `sluice pyspark` runs before the first prompt."""
import os

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print(f"Sluice, behaving like Spark {spark.version}, at {os.environ['SPARK_REMOTE']}.")
print("The session is there as `spark`.")

if os.environ.get("SLUICE_PYTHONSTARTUP"):
    with open(os.environ["SLUICE_PYTHONSTARTUP"]) as _file:
        exec(compile(_file.read(), _file.name, "exec"))
