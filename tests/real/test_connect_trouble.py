"""Clients that misbehave or vanish: `sluice server` goes on for the others and keeps nothing."""
import socket
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from pyspark.sql.connect import proto
from pyspark.sql.connect.proto import base_pb2_grpc
from support import connect


@pytest.fixture()
def server(sluice):
    with connect.Server(sluice) as server:
        yield server


class Client:
    """Calls without PySpark's help."""

    def __init__(self, target, user="raw", credentials=None, token=None):
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self.channel = grpc.secure_channel(target, credentials, options) if credentials else grpc.insecure_channel(target, options)
        self.stub = base_pb2_grpc.SparkConnectServiceStub(self.channel)
        self.user, self.session_id = user, str(uuid.uuid4())
        self.metadata = [("authorization", f"Bearer {token}")] if token else []

    def request(self, kind, **fields):
        request = kind(session_id=self.session_id, **fields)
        request.user_context.user_id = self.user
        return request

    def config(self, key="spark.sql.ansi.enabled"):
        request = self.request(proto.ConfigRequest)
        request.operation.get.keys.append(key)
        return self.stub.Config(request, metadata=self.metadata, timeout=20).pairs[0].value

    def execute(self, relation, operation_id=None, reattachable=False):
        request = self.request(proto.ExecutePlanRequest)
        if operation_id:
            request.operation_id = operation_id
        request.plan.root.CopyFrom(relation)
        if reattachable:
            request.request_options.add().reattach_options.reattachable = True
        return self.stub.ExecutePlan(request, metadata=self.metadata)

    def reattach(self, operation_id, last=None):
        request = self.request(proto.ReattachExecuteRequest, operation_id=operation_id)
        if last is not None:
            request.last_response_id = last
        return self.stub.ReattachExecute(request)

    def release(self, operation_id, until=None):
        request = self.request(proto.ReleaseExecuteRequest, operation_id=operation_id)
        if until is None:
            request.release_all.SetInParent()
        else:
            request.release_until.response_id = until
        self.stub.ReleaseExecute(request)


def range_of(end, partitions=4):
    relation = proto.Relation()
    relation.range.end, relation.range.step, relation.range.num_partitions = end, 1, partitions
    return relation


def rows(responses):
    return sum(response.arrow_batch.row_count for response in responses)


def code_of(call):
    with pytest.raises(grpc.RpcError) as raised:
        list(call) if hasattr(call, "__iter__") else call()
    return raised.value.code()


def test_garbage_on_the_port(server):
    good = Client(server.target)
    host, port = server.target.split(":")
    for junk in (b"\x00" * 4096, b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(range(256)) * 64, b""):
        with socket.create_connection((host, int(port))) as connection:
            connection.settimeout(5)
            try:
                connection.sendall(junk)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except OSError:
                pass
        assert good.config() == "true"


def test_messages_that_are_no_messages(server):
    good = Client(server.target)
    execute = good.channel.unary_stream("/spark.connect.SparkConnectService/ExecutePlan")
    for bytes_ in (b"\xff" * 100, b"\x0a\xff\xff\xff\xff\x0f", good.request(proto.ExecutePlanRequest).SerializeToString()[:-3]):
        assert code_of(execute(bytes_)) == grpc.StatusCode.INTERNAL
    # Nested 10,000 deep: more than the reader follows.
    deep = b""
    for _ in range(10_000):
        filter_ = b"\x0a" + _varint(len(deep)) + deep  # Filter.input
        deep = b"\x22" + _varint(len(filter_)) + filter_  # Relation.filter
    plan = b"\x0a" + _varint(len(deep)) + deep
    request = good.request(proto.ExecutePlanRequest).SerializeToString() + b"\x1a" + _varint(len(plan)) + plan
    assert code_of(execute(request)) == grpc.StatusCode.INTERNAL
    assert good.config() == "true"


def _varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def test_too_large_a_message(sluice):
    with connect.Server(sluice, {"spark.connect.grpc.maxInboundMessageSize": "100000"}) as server:
        client = Client(server.target)
        relation = proto.Relation()
        relation.sql.query = "SELECT '" + "x" * 200_000 + "'"
        assert code_of(client.execute(relation)) == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert client.config() == "true"


def test_unknown_parts_of_a_plan(server):
    client = Client(server.target)
    assert "relation number 4999" in _message(client.execute(proto.Relation.FromString(b"\xba\xb8\x02\x00")))  # field 4999
    request = client.request(proto.ExecutePlanRequest)
    request.plan.command.CopyFrom(proto.Command.FromString(b"\xba\xb8\x02\x00"))
    assert "command number 4999" in _message(client.stub.ExecutePlan(request))
    assert "neither a relation nor a command" in _message(client.stub.ExecutePlan(client.request(proto.ExecutePlanRequest)))
    # Fields that a newer client adds to known messages do not matter.
    relation = range_of(3)
    relation.MergeFromString(b"\xba\xb8\x02\x00")
    assert rows(client.execute(relation)) == 3


def _message(responses):
    with pytest.raises(grpc.RpcError) as raised:
        list(responses)
    return raised.value.details()


def test_ids_have_to_be_uuids(server):
    client = Client(server.target)
    assert "INVALID_HANDLE.FORMAT" in _message(client.execute(range_of(1), operation_id="x"))
    client.session_id = "x"
    assert "INVALID_HANDLE.FORMAT" in _message(client.execute(range_of(1)))


def test_errors_about_bytes_that_are_no_text(server):
    code = """
result = []
for sql in queries:
    try:
        spark.sql(sql).collect()
    except Exception as error:
        result.append([type(error).__name__, error.getCondition() if hasattr(error, "getCondition") else None, str(error)])
"""
    record = "SELECT from_json(CAST(X'{}' AS STRING), 'a INT', map('mode', 'FAILFAST'))"
    bad, long, number = server.run(code, queries=[
        record.format("7b22ff"), record.format("7b2261223a22" + "c3a9" * 3000), "SELECT CAST(CAST(X'31ff32' AS STRING) AS INT)"])
    assert bad[1] == long[1] == "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION"
    assert number[1] == "CAST_INVALID_INPUT" and "1\ufffd2" in number[2]


def test_reattach_goes_on_where_the_client_stopped(sluice):
    with connect.Server(sluice, {"spark.connect.grpc.arrow.maxBatchSize": "100k"}) as server:
        client, operation = Client(server.target), str(uuid.uuid4())
        call = client.execute(range_of(1_000_000), operation, reattachable=True)
        got = [next(call) for _ in range(3)]
        call.cancel()
        again = list(client.reattach(operation, got[1].response_id))  # the third one again
        assert again[0] == got[2]
        assert again[-1].HasField("result_complete")
        assert rows(got[:2] + again) == 1_000_000
        client.release(operation, again[5].response_id)
        assert "INVALID_CURSOR.POSITION_NOT_AVAILABLE" in _message(client.reattach(operation))
        assert "INVALID_CURSOR.POSITION_NOT_FOUND" in _message(client.reattach(operation, "9999"))
        client.release(operation)
        assert "INVALID_HANDLE.OPERATION_NOT_FOUND" in _message(client.reattach(operation))


def test_reattach_to_what_was_interrupted(sluice):
    with connect.Server(sluice, {"spark.connect.grpc.arrow.maxBatchSize": "100k"}) as server:
        client, operation = Client(server.target), str(uuid.uuid4())
        call = client.execute(range_of(1_000_000_000), operation, reattachable=True)
        got = [next(call) for _ in range(5)]
        call.cancel()
        client.stub.Interrupt(client.request(proto.InterruptRequest, interrupt_type=proto.InterruptRequest.INTERRUPT_TYPE_ALL))
        assert "OPERATION_CANCELED" in _message(client.reattach(operation, got[1].response_id))


def test_an_answer_pauses_for_the_client_to_ask_again(sluice):
    with connect.Server(sluice, {"spark.connect.execute.reattachable.senderMaxStreamDuration": "300ms"}) as server:
        code = """
began = time.monotonic()
result = [spark.streams.awaitAnyTermination(1), time.monotonic() - began, spark.range(3).count()]
"""
        ended, seconds, count = server.run(code)
        assert (ended, count) == (False, 3)
        assert seconds >= 1


def test_two_readers_of_one_operation(server):
    client, operation = Client(server.target), str(uuid.uuid4())
    relation = proto.Relation()
    relation.sql.query = "SELECT sum(id * id % 7) FROM range(0, 10000000000000)"
    first = client.execute(relation, operation, reattachable=True)
    time.sleep(0.5)
    second = client.reattach(operation)
    assert "INVALID_CURSOR.DISCONNECTED" in _message(first)
    assert "INVALID_HANDLE.OPERATION_ALREADY_EXISTS" in _message(client.execute(relation, operation, reattachable=True))
    second.cancel()
    client.release(operation)


def test_vanished_clients_leave_nothing(sluice):
    settings = {"spark.connect.execute.manager.detachedTimeout": "1s", "spark.connect.session.manager.defaultSessionTimeout": "2s"}
    with connect.Server(sluice, settings) as server:
        # gRPC and the pool make their threads when they are first needed.
        with ThreadPoolExecutor(8) as clients:
            assert list(clients.map(lambda _: rows(Client(server.target).execute(range_of(1000, 4))), range(32))) == [1000] * 32
        idle_threads = server.status("Threads")
        in_a_result = server.program("for row in spark.range(10**9).toLocalIterator():\n    if row[0] == 5: print('here', flush=True)\n")
        waiting = server.program("""
source = spark.readStream.format("kafka").option("kafka.bootstrap.servers", "127.0.0.1:1").option("subscribe", "none").load()
print("here", flush=True)
spark.sql("SELECT sum(id * id % 7) FROM range(0, 10000000000000)").collect()
""")
        without_reattach = Client(server.target)
        call = without_reattach.execute(range_of(10**9))
        next(call)
        for program in (in_a_result, waiting):
            assert program.process.stdout.readline() == "here\n"
        time.sleep(0.5)
        call.cancel()
        in_a_result.kill()
        waiting.kill()
        assert connect.eventually(lambda: server.status("Threads") <= idle_threads + 2, 30), server.status("Threads")
        assert rows(Client(server.target).execute(range_of(1000))) == 1000


def test_a_thousand_sessions_left_alone(sluice):
    settings = {"spark.connect.session.manager.defaultSessionTimeout": "3s"}
    with connect.Server(sluice, settings) as server:
        client = Client(server.target)
        client.config()
        before, threads = server.status("VmRSS"), server.status("Threads")
        ids = []
        for _ in range(1000):
            client.session_id = str(uuid.uuid4())
            ids.append(client.session_id)
            client.config()
            assert rows(client.execute(range_of(10, 1))) == 10
        assert server.status("VmRSS") - before < 60_000  # kB
        assert server.status("Threads") <= threads + 8
        in_use, end = client.session_id, time.monotonic() + 6
        while time.monotonic() < end:
            client.config()
            time.sleep(0.5)
        client.session_id = ids[0]
        assert "INVALID_HANDLE.SESSION_CLOSED" in _message_of(client.config)
        client.session_id = in_use
        assert client.config() == "true"


def _message_of(call):
    try:
        call()
        return ""
    except grpc.RpcError as error:
        return error.details()


def test_sessions_and_operations_have_bounds(sluice):
    with connect.Server(sluice, {"sluice.connect.maxSessions": "2", "sluice.connect.maxOperations": "2"}) as server:
        clients = [Client(server.target) for _ in range(3)]
        assert [clients[0].config(), clients[1].config()] == ["true", "true"]
        assert "sluice.connect.maxSessions" in _message_of(clients[2].config)
        relation = proto.Relation()
        relation.sql.query = "SELECT sum(id * id % 7) FROM range(0, 10000000000000)"
        calls = [clients[0].execute(relation) for _ in range(2)]
        time.sleep(0.5)
        assert code_of(clients[1].execute(range_of(1))) == grpc.StatusCode.RESOURCE_EXHAUSTED
        for call in calls:
            call.cancel()
        assert connect.eventually(lambda: not _message_of(lambda: list(clients[1].execute(range_of(1)))))


def test_beyond_loopback_only_with_tls_and_token(sluice, tmp_path):
    def refused(*arguments):
        run = subprocess.run([str(sluice), "server", "--port", "0", "--address", "0.0.0.0", *arguments], capture_output=True, text=True, timeout=20)
        return run.returncode, run.stderr
    assert refused()[0] == 1
    assert "sluice.connect.tls.certificate" in refused("--conf", "spark.connect.authenticate.token=secret")[1]
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    settings = {"sluice.connect.tls.certificate": certificate, "sluice.connect.tls.key": key, "spark.connect.authenticate.token": "secret"}
    with connect.Server(sluice, settings, ["--address", "0.0.0.0"]) as server:
        credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
        assert Client(server.target, credentials=credentials, token="secret").config() == "true"
        for token in (None, "other", "secret2"):
            assert _code(Client(server.target, credentials=credentials, token=token).config) == grpc.StatusCode.UNAUTHENTICATED
        assert _code(Client(server.target).config) == grpc.StatusCode.UNAVAILABLE  # without TLS
        client = Client(server.target, credentials=credentials, token="secret")
        assert "SQL_CONF_NOT_FOUND" in _message_of(lambda: client.config("spark.connect.authenticate.token"))


def _code(call):
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value.code()
