"""Word count over a socket. In one terminal `nc -lk 9999`, in another: sluice submit examples/word_count.py [PORT]"""
import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import expr

port = sys.argv[1] if len(sys.argv) > 1 else "9999"
spark = SparkSession.builder.appName("word count").master("local[2]").getOrCreate()
lines = spark.readStream.format("socket").option("host", "localhost").option("port", port).load()
words = lines.select(expr("explode(split(value, ' ')) AS word"))
query = words.groupBy("word").count().writeStream.format("console").outputMode("complete").start()
query.awaitTermination()
