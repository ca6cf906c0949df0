"""The command `sluice sql` as a script uses it."""
import json
import subprocess

import pytest


@pytest.fixture
def run(sluice, tmp_path):
    def run(*arguments, stdin=None):
        return subprocess.run([str(sluice), "sql", *arguments], cwd=tmp_path, input=stdin, capture_output=True, text=True, timeout=60)
    return run


def test_three_kinds_of_output(run):
    query = "SELECT * FROM VALUES (1, 'a,\"b'), (2, NULL) AS t(id, name)"
    assert run("-e", query).stdout == (
        "+---+----+\n|id |name|\n+---+----+\n|1  |a,\"b|\n|2  |NULL|\n+---+----+\n")
    assert run("--output", "csv", "-e", query).stdout == 'id,name\n1,"a,""b"\n2,\n'
    lines = run("--output", "json", "-e", query).stdout.splitlines()
    assert [json.loads(line) for line in lines] == [{"id": 1, "name": 'a,"b'}, {"id": 2, "name": None}]


def test_texts_of_several_lines_are_printed_as_they_are(run):
    lines = run("-e", "EXPLAIN SELECT id + 1 AS n FROM range(3)").stdout.splitlines()
    assert lines[0] == "== Physical Plan ==" and not any(line.startswith("|") for line in lines)


def test_statements_from_a_file_and_from_standard_input(run, tmp_path):
    script = tmp_path / "script.sql"
    script.write_text("CREATE NAMESPACE demo.db; CREATE TABLE demo.db.t USING iceberg AS SELECT 1 AS id;")
    assert run("-f", str(script)).returncode == 0
    assert run("--output", "csv", stdin="SELECT id FROM demo.db.t;").stdout == "id\n1\n"


def test_the_first_error_ends_the_script_and_names_its_place(run):
    done = run("-e", "SELECT 1; SELECT nothing_here; SELECT 2")
    assert done.returncode == 1
    assert "UNRESOLVED_COLUMN" in done.stderr and "nothing_here" in done.stderr and "^" in done.stderr
    assert "|2" not in done.stdout
