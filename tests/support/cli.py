"""The command `sluice`, as tests use it."""
import json
import os
import subprocess


class SqlError(RuntimeError):
    """The command failed; its text is what it printed."""


class Sluice:
    """`sluice sql` with settings: query() gives rows as dicts, run() the standard output."""

    def __init__(self, command, settings=None, environment=None):
        self.command = str(command)
        self.settings = dict(settings or {})
        self.environment = environment or {}

    def with_settings(self, settings):
        return Sluice(self.command, {**self.settings, **settings}, self.environment)

    def arguments(self, statement, *options):
        conf = [text for key, value in {"spark.sql.session.timeZone": "UTC", **self.settings}.items()
                for text in ("--conf", f"{key}={value}")]
        return [self.command, "sql", *conf, *options, "-e", statement]

    def start(self, statement, *options):
        return subprocess.Popen(self.arguments(statement, *options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env={**os.environ, **self.environment})

    def run(self, statement, *options, seconds=120):
        process = self.start(statement, *options)
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise SqlError(f"not done after {seconds} s: {statement}") from None
        if process.returncode != 0:
            raise SqlError(f"{statement}\n{errors}")
        return output

    def query(self, statement):
        return [json.loads(line) for line in self.run(statement, "--output", "json").splitlines() if line]


def as_text(columns):
    """SELECT list that gives every column as a string, in one form for all engines. columns: (name, type) pairs."""
    def text(name, kind):
        name = f"`{name}`"
        return f"hex({name})" if kind == "binary" else f"cast({name} AS STRING)"
    return ", ".join(f"{text(name, kind)} AS `{name}`" for name, kind in columns)


def sorted_rows(rows):
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
