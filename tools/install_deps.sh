#!/bin/bash
# Install what Sluice is built, tested and linted with. Safe to run again: what is there is skipped.
#
#   tools/install_deps.sh [build] [test] [lint] [fuzz]     (default: build)
#
#   build  compiler tools, libraries, the pinned pyarrow wheel (Arrow C++) in build/deps/venv, and
#          the modules of Spark Connect's protocol in build/deps/connect
#   test   a JRE, Maven, Kafka's and Spark's jars, the Python packages of tests/, and other versions
#          of PySpark in virtual environments of their own
#   lint   clang-format and clang-tidy
#   fuzz   clang with libFuzzer
#
# Downloads are kept in ${XDG_CACHE_HOME:-~/.cache}/sluice.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly pyarrow=26.0.1 pysimdjson=7.0.2 pyspark_client=4.1.1 googleapis=1.76.0 kafka=4.1.1 spark=4.1.1 iceberg=1.11.0 jetty=12.1.5
readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/sluice
readonly venv=build/deps/venv

readonly build_packages=(
  g++ cmake ninja-build ccache mold git ca-certificates python3 python3-venv pkg-config tzdata
  librdkafka-dev libabsl-dev libpcre2-dev libfmt-dev libspdlog-dev
  nlohmann-json3-dev libcli11-dev libcpp-httplib-dev libhowardhinnant-date-dev libsqlite3-dev
  libedit-dev libcurl4-gnutls-dev libxxhash-dev liblz4-dev libzstd-dev zlib1g-dev libsnappy-dev
  libssl-dev libsasl2-dev libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev)
readonly test_packages=(default-jre-headless maven procps)
readonly lint_packages=(clang-format-16 clang-tidy-16)
readonly fuzz_packages=(clang-16 libclang-rt-16-dev llvm-16)

readonly test_requirements=(
  pytest==8.4.2 pytest-timeout==2.4.0 pytest-xdist==3.8.0 "pyspark[connect]==$spark" pandas==3.1.1
  "pyiceberg[sql-sqlite]==0.12.0" duckdb==2.0.0 confluent-kafka==2.16.1 "moto[server]==5.2.5" boto3==1.44.5)

# PySpark's versions beside that of $venv that are clients of the server: the oldest that it serves,
# the one before, the newest. What 4.0 needs is the package of the client alone.
readonly clients=("3.5.9 pyspark[connect]==3.5.9 pandas<3 pyarrow<20" "4.0.4 pyspark-client==4.0.4 pandas<3 pyarrow" "4.3.0 pyspark[connect]==4.3.0 pandas<3 pyarrow")

retry() {
  local attempt
  for attempt in 1 2 3 4; do
    "$@" && return 0
    echo "attempt $attempt failed: $*" >&2
    sleep $((attempt * 5))
  done
  return 1
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

apt_install() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  echo "installing ${missing[*]}"
  retry as_root apt-get -q -o DPkg::Lock::Timeout=300 update
  retry as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
    install -y --no-install-recommends "${missing[@]}"
}

# pip_install MARK REQUIREMENT...: once per set of requirements, out of the cached wheels.
pip_install() {
  local mark=$venv/.$1-done wheels=$cache/wheels; shift
  [ "$(cat "$mark" 2>/dev/null)" = "$*" ] && return 0
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  mkdir -p "$wheels"
  if ! "$venv/bin/pip" install -q --no-index --find-links "$wheels" "$@" 2>/dev/null; then
    echo "downloading $*"
    retry "$venv/bin/pip" wheel -q --use-pep517 --prefer-binary --find-links "$wheels" -w "$wheels" "$@"
    "$venv/bin/pip" install -q --prefer-binary --find-links "$wheels" "$@"
  fi
  echo "$*" > "$mark"
}

# simdjson's two amalgamated files, which the source distribution of pysimdjson carries.
simdjson_sources() {
  local archive=$cache/sources/pysimdjson-$pysimdjson.tar.gz folder=build/deps/simdjson
  [ "$(cat "$folder/.done" 2>/dev/null)" = "$pysimdjson" ] && return 0
  [ -f "$archive" ] || retry "$venv/bin/pip" download -q --no-deps --no-binary pysimdjson \
    -d "$cache/sources" "pysimdjson==$pysimdjson"
  mkdir -p "$folder"
  tar -xzf "$archive" -C "$folder" --strip-components=2 --wildcards '*/simdjson/simdjson.h' '*/simdjson/simdjson.cpp'
  echo "$pysimdjson" > "$folder/.done"
}

# The Python modules that hold the descriptors of Spark Connect's messages and of Google's error details
# (tools/descriptor_set.py reads them; the packages themselves are not installed).
connect_protocol() {
  local folder=build/deps/connect wanted="$pyspark_client $googleapis"
  local client=$cache/sources/pyspark_client-$pyspark_client.tar.gz
  local google=$cache/sources/googleapis_common_protos-$googleapis-py3-none-any.whl
  [ "$(cat "$folder/.done" 2>/dev/null)" = "$wanted" ] && return 0
  [ -f "$client" ] || retry "$venv/bin/pip" download -q --no-deps --no-binary pyspark-client \
    -d "$cache/sources" "pyspark-client==$pyspark_client"
  [ -f "$google" ] || retry "$venv/bin/pip" download -q --no-deps --only-binary :all: \
    -d "$cache/sources" "googleapis-common-protos==$googleapis"
  rm -rf "$folder" && mkdir -p "$folder"
  tar -xzf "$client" -C "$folder" --strip-components=5 --wildcards '*/pyspark/sql/connect/proto/*_pb2.py'
  python3 - "$google" "$folder" google/rpc/status_pb2.py google/rpc/error_details_pb2.py <<< \
    'import os, sys, zipfile
for name in sys.argv[3:]:
    with zipfile.ZipFile(sys.argv[1]) as wheel, open(os.path.join(sys.argv[2], os.path.basename(name)), "wb") as out:
        out.write(wheel.read(name))'
  echo "$wanted" > "$folder/.done"
}

# A client needs no JVM: its jars, most of the package, are thrown away.
client_venv() {
  local folder=$cache/clients/$1; shift
  [ "$(cat "$folder/.done" 2>/dev/null)" = "$*" ] && return 0
  echo "installing $1 into $folder"
  rm -rf "$folder" && python3 -m venv "$folder"
  retry "$folder/bin/pip" install -q --prefer-binary "$@"
  rm -rf "$folder"/lib/python*/site-packages/pyspark/{jars,examples,data}
  echo "$*" > "$folder/.done"
}

# maven_jars FOLDER COORDINATE...: the jars, once, into the cache. A coordinate is
# GROUP:ARTIFACT:VERSION[:CLASSIFIER], with what it depends on unless it starts with '='.
maven_jars() {
  local folder=$cache/$1 coordinate group artifact version classifier; shift
  [ "$(cat "$folder/.done" 2>/dev/null)" = "$*" ] && return 0
  echo "fetching the jars of $folder"
  rm -rf "$folder" && mkdir -p "$folder/pom"
  {
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>x</groupId><artifactId>x</artifactId><version>1</version><dependencies>'
    for coordinate in "$@"; do
      IFS=: read -r group artifact version classifier <<< "${coordinate#=}"
      echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>"
      [ -z "$classifier" ] || echo "<classifier>$classifier</classifier>"
      [ "$coordinate" = "${coordinate#=}" ] ||
        echo '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>'
      echo '</dependency>'
    done
    echo '</dependencies></project>'
  } > "$folder/pom/pom.xml"
  retry mvn -q -B -f "$folder/pom/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime "-DoutputDirectory=$folder"
  rm -rf "$folder/pom"
  echo "$*" > "$folder/.done"
}

install_build() {
  apt_install "${build_packages[@]}"
  pip_install build "pyarrow==$pyarrow"
  simdjson_sources
  connect_protocol
}

install_test() {
  apt_install "${test_packages[@]}"
  pip_install test "${test_requirements[@]}"
  local client
  for client in "${clients[@]}"; do client_venv $client; done
  maven_jars "kafka-$kafka" "org.apache.kafka:kafka_2.13:$kafka" org.slf4j:slf4j-simple:1.7.36
  maven_jars "spark-$spark" "=org.apache.spark:spark-sql-kafka-0-10_2.13:$spark" \
    =org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.0.0 =org.apache.kafka:kafka-clients:3.9.1 \
    =org.apache.commons:commons-pool2:2.12.1 "=org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:$iceberg" \
    "=org.apache.iceberg:iceberg-aws-bundle:$iceberg"
  maven_jars "spark-avro-$spark" "=org.apache.spark:spark-avro_2.13:$spark"
  # The catalog server itself; its Hadoop classes come with pyspark, its S3 ones with the bundle above.
  maven_jars "iceberg-rest-$iceberg" "org.apache.iceberg:iceberg-open-api:$iceberg:test-fixtures" \
    "org.apache.iceberg:iceberg-core:$iceberg" "=org.apache.iceberg:iceberg-core:$iceberg:tests" \
    "=org.apache.iceberg:iceberg-aws:$iceberg" "=org.apache.iceberg:iceberg-gcp:$iceberg" \
    "=org.apache.iceberg:iceberg-azure:$iceberg" \
    "org.eclipse.jetty.ee10:jetty-ee10-servlet:$jetty" \
    "org.eclipse.jetty.compression:jetty-compression-server:$jetty" \
    "org.eclipse.jetty.compression:jetty-compression-gzip:$jetty" dev.failsafe:failsafe:3.3.2 org.xerial:sqlite-jdbc:3.49.1.0
}

for part in "${@:-build}"; do
  case $part in
    build | test) "install_$part" ;;
    lint) apt_install "${lint_packages[@]}" ;;
    fuzz) apt_install "${fuzz_packages[@]}" ;;
    *) echo "unknown part '$part'" >&2; exit 2 ;;
  esac
done
