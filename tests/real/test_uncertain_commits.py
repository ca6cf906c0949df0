"""A REST catalog whose answers to commits get lost: no file goes that the table may need."""
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support import spark as real_spark
from support.cli import Sluice, SqlError


class FlakyCatalog:
    """One table, c.db.t. Commits get `answer` (None: the connection breaks) and are applied as `applies` says; the first
    ones what `stumbles` has, a status and whether they are applied nevertheless."""

    def __init__(self, folder):
        self.table = Path(folder, "t")
        self.answer, self.applies, self.message = 200, "now", "told to"
        self.lock, self.kept, self.stumbles, self.commits = threading.Lock(), None, [], 0
        schema = {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "required": False, "type": "long"}]}
        self.metadata = {
            "format-version": 2, "table-uuid": str(uuid.uuid4()), "location": str(self.table), "last-sequence-number": 0,
            "last-updated-ms": int(time.time() * 1000), "last-column-id": 1, "schemas": [schema], "current-schema-id": 0,
            "partition-specs": [{"spec-id": 0, "fields": []}], "default-spec-id": 0, "last-partition-id": 999,
            "sort-orders": [{"order-id": 0, "fields": []}], "default-sort-order-id": 0, "snapshots": [], "refs": {},
            "snapshot-log": [], "metadata-log": [],
            "properties": {"commit.status-check.num-retries": "2", "commit.status-check.min-wait-ms": "300"}}
        catalog = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def reply(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                if "/config" in self.path:
                    return self.reply(200, {"defaults": {}, "overrides": {}})
                if "/tables/" in self.path:
                    return self.reply(200, catalog.loaded())
                return self.reply(200, {"namespace": ["db"], "properties": {}})

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = catalog.commit(request)
                if status is None:
                    self.connection.close()
                elif status == 200:
                    self.reply(200, catalog.loaded())
                else:
                    self.reply(status, {"error": {"type": "Failed", "message": catalog.message, "code": status}})

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def loaded(self):
        with self.lock:
            return {"metadata-location": str(self.table / "metadata/0.json"), "metadata": json.loads(json.dumps(self.metadata))}

    def commit(self, request):
        self.commits += 1
        status, applies = self.stumbles.pop(0) if self.stumbles else (self.answer, self.applies)
        with self.lock:
            current = self.metadata["refs"].get("main", {}).get("snapshot-id")
            for requirement in request["requirements"]:
                if requirement["type"] == "assert-ref-snapshot-id" and requirement["snapshot-id"] != current:
                    return 409
            self.kept = [u["snapshot"] for u in request["updates"] if u["action"] == "add-snapshot"]
        if applies == "now":
            self.apply()
        elif applies == "soon":
            threading.Timer(0.5, self.apply).start()
        return status

    def apply(self):
        with self.lock:
            for snapshot in self.kept:
                if snapshot.get("parent-snapshot-id") != self.metadata.get("current-snapshot-id"):
                    continue  # sent twice
                self.metadata["snapshots"].append(snapshot)
                self.metadata["current-snapshot-id"] = snapshot["snapshot-id"]
                self.metadata["last-sequence-number"] = snapshot["sequence-number"]
                self.metadata["refs"]["main"] = {"type": "branch", "snapshot-id": snapshot["snapshot-id"]}

    def files(self):
        return [path for path in self.table.rglob("*") if path.is_file()]


@pytest.fixture
def catalog(tmp_path):
    made = FlakyCatalog(tmp_path)
    yield made
    made.server.shutdown()


@pytest.fixture
def sql(sluice, catalog):
    return Sluice(sluice, real_spark.iceberg_catalog("c", type="rest", uri=f"http://127.0.0.1:{catalog.server.server_port}"))


@pytest.mark.parametrize("answer", [500, 502, 503, 504, 408, None])
def test_applied_after_everybody_gave_up(catalog, sql, answer):
    catalog.answer, catalog.applies = answer, "never"
    with pytest.raises(SqlError, match="COMMIT_STATE_UNKNOWN"):
        sql.run("INSERT INTO c.db.t VALUES (1), (2)")
    assert catalog.files()
    catalog.apply()
    assert sorted(row["id"] for row in sql.query("SELECT * FROM c.db.t")) == [1, 2]


def test_an_error_without_a_message(catalog, sql):
    catalog.answer, catalog.applies, catalog.message = 500, "never", None
    with pytest.raises(SqlError, match="COMMIT_STATE_UNKNOWN"):
        sql.run("INSERT INTO c.db.t VALUES (1)")


@pytest.mark.parametrize("answer", [504, None])
@pytest.mark.parametrize("applies", ["now", "soon"])
def test_applied_although_the_answer_was_lost(catalog, sql, answer, applies):
    catalog.answer, catalog.applies = answer, applies
    sql.run("INSERT INTO c.db.t VALUES (1)")
    assert sql.query("SELECT * FROM c.db.t") == [{"id": 1}]
    assert len(catalog.metadata["snapshots"]) == 1


@pytest.mark.parametrize("answer", [400, 403, 422])
def test_refused(catalog, sql, answer):
    catalog.answer, catalog.applies = answer, "never"
    with pytest.raises(SqlError) as error:
        sql.run("INSERT INTO c.db.t VALUES (1)")
    assert "COMMIT_STATE_UNKNOWN" not in str(error.value)
    assert not catalog.files()


@pytest.mark.parametrize("stumbles", [[(429, "never")], [(503, "never"), (429, "never")], [(503, "now")], [(503, "never")] * 4],
                         ids=["too many", "both", "applied nevertheless", "long"])
def test_a_busy_catalog_is_asked_again(catalog, sql, stumbles):
    catalog.stumbles = list(stumbles)
    sql.run("INSERT INTO c.db.t VALUES (1)")
    assert catalog.commits == len(stumbles) + 1
    assert sql.query("SELECT * FROM c.db.t") == [{"id": 1}]
    assert len(catalog.metadata["snapshots"]) == 1


def test_a_refusal_after_a_503_is_no_certain_one(catalog, sql):
    catalog.stumbles, catalog.answer, catalog.applies = [(503, "never")], 403, "never"
    with pytest.raises(SqlError, match="COMMIT_STATE_UNKNOWN"):
        sql.run("INSERT INTO c.db.t VALUES (1)")
    assert catalog.files()
