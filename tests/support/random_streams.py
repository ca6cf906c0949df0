"""Random stateful queries and inputs in the form of tests/stream/*.stest, to compare with real Spark:

    PYTHONPATH=tests python -m support.random_streams FIRST_SEED COUNT > FILE.stest
    PYTHONPATH=tests python -m support.record_streams FILE.stest
    SLUICE_STREAM_CASES=FILE.stest build/test/bin/stream_suite

A case is named by its shape and seed. Numbers are multiples of 1/4 and collected values are sorted, so that
no answer depends on the order of rows.
"""
import json
import random
import sys
from datetime import datetime, timedelta

START = datetime(2025, 1, 1, 12)
WORDS = ["a", "b", "ann", "bob", "", "ärger", "a longer word than the others", "B", " a"]


def maybe(r, value, null_share=0.12):
    return None if r.random() < null_share else value


# type -> a value as JSON of the source has it. Few values each, so that groups fill and rows meet.
VALUES = {
    "INT": lambda r: r.randint(-2, 3),
    "BIGINT": lambda r: r.choice([0, 1, -1, 2**40, -(2**40)]),
    "SMALLINT": lambda r: r.randint(0, 3),
    "DOUBLE": lambda r: r.randint(-8, 8) / 4,
    "FLOAT": lambda r: r.randint(-4, 4) / 2,
    "DECIMAL(10,2)": lambda r: r.randint(-6, 6) / 4,
    "DECIMAL(25,3)": lambda r: r.randint(-6, 6) / 8,
    "STRING": lambda r: r.choice(WORDS),
    "BOOLEAN": lambda r: r.random() < 0.5,
    "DATE": lambda r: f"2025-01-0{r.randint(1, 3)}",
    "ARRAY<INT>": lambda r: [maybe(r, r.randint(0, 2)) for _ in range(r.randint(0, 2))],
    "STRUCT<p: INT, q: STRING>": lambda r: {"p": maybe(r, r.randint(0, 1)), "q": maybe(r, r.choice("xy"))},
}
KEYS = list(VALUES)
NUMBERS = ["INT", "BIGINT", "SMALLINT", "DOUBLE", "FLOAT", "DECIMAL(10,2)", "DECIMAL(25,3)"]
# Of one argument: ordered values, numbers, whole numbers.
OF_ALL = ["count({0})", "min({0})", "max({0})", "sort_array(collect_set({0}))", "sort_array(collect_list({0}))", "approx_count_distinct({0})"]
OF_NUMBERS = ["sum({0})", "avg({0})", "round(stddev_samp({0}), 6)", "round(var_pop({0}), 6)", "count_if({0} > 0)", "bool_or({0} > 1)",
              "try_sum({0})", "max(abs({0}))", "sum({0}) FILTER (WHERE {0} > 0)"]
DELAYS = ["0 seconds", "5 seconds", "10 seconds", "1 minute", "90 seconds"]
LENGTHS = [5, 10, 15, 30, 60]


class Source:
    def __init__(self, r, name, watermark=None):
        self.name = name
        self.columns = [("ts", "TIMESTAMP")] + [(f"{name[0]}{i}", r.choice(KEYS)) for i in range(r.randint(1, 3))] + [("v", r.choice(NUMBERS))]
        self.delay = r.choice(DELAYS) if (r.random() < 0.75 if watermark is None else watermark) else None
        self.now = START

    def line(self):
        schema = ", ".join(f"{name} {kind}" for name, kind in self.columns)
        return f"source {self.name} ({schema})" + (f" watermark ts {self.delay}" if self.delay else "")

    def keys(self, r, least=0, most=2):
        names = [name for name, _ in self.columns if name not in ("ts", "v")]
        return r.sample(names, min(len(names), r.randint(least, most)))

    def rows(self, r):
        """What arrives in a step: mostly a little later than before, some of it late."""
        for _ in range(r.choice([0, 1, 2, 3, 5, 8])):
            self.now += timedelta(seconds=r.choice([0, 0, 1, 3, 7, 20]))
            late = timedelta(seconds=r.choice([0, 0, 0, 4, 30, 120]))
            row = {}
            for name, kind in self.columns:
                value = (self.now - late).isoformat() + "Z" if kind == "TIMESTAMP" else VALUES[kind](r)
                row[name] = maybe(r, value, 0.04 if name == "ts" else 0.12)
            yield f"{self.name} {json.dumps(row, ensure_ascii=False)}"
        if r.random() < 0.3:
            self.now += timedelta(seconds=r.choice([30, 100, 400]))


def aggregates(r, source, prefix=""):
    """A select list of aggregates of the source's columns."""
    chosen = []
    for i in range(r.randint(1, 3)):
        name, kind = r.choice([column for column in source.columns if column[0] != "ts"] + [("v", dict(source.columns)["v"])])
        forms = OF_ALL[:-1] if kind.startswith(("ARRAY", "STRUCT")) else OF_ALL + (OF_NUMBERS * 2 if kind in NUMBERS else [])
        chosen.append(r.choice(["count(*)", r.choice(forms), r.choice(forms)]).format(prefix + name) + f" AS g{i}")
    return chosen


def window(r, column):
    length = r.choice(LENGTHS)
    if r.random() < 0.35 and length > 5:
        slide = r.choice([5, length // 2, length - 1])
        start = f", '{r.choice([1, 2])} seconds'" if r.random() < 0.3 else ""
        return f"window({column}, '{length} seconds', '{slide} seconds'{start})"
    return f"window({column}, '{length} seconds')"


def where(r, source):
    return r.choice(["", "", "", " WHERE v > 0", " WHERE ts IS NOT NULL", f" WHERE {source.columns[1][0]} IS NOT NULL"])


def having(r):
    return r.choice(["", "", "", "", " HAVING count(*) > 1"])


def by_key(r):
    s = Source(r, "clicks")
    keys = s.keys(r)
    mode = r.choice(["update", "complete"] + (["append"] if r.random() < 0.1 else []))
    group = f" GROUP BY {', '.join(keys)}" if keys else ""
    return [s], [], mode, f"SELECT {', '.join(keys + aggregates(r, s))} FROM clicks{where(r, s)}{group}{having(r)}"


def by_window(r):
    s = Source(r, "clicks")
    mode = r.choice(["append", "update", "complete"] if s.delay or r.random() < 0.1 else ["update", "complete"])
    keys = s.keys(r)
    select = ["window.start AS ws", "window.end AS we"] + keys + aggregates(r, s)
    return [s], [], mode, f"SELECT {', '.join(select)} FROM clicks{where(r, s)} GROUP BY {', '.join([window(r, 'ts')] + keys)}{having(r)}"


def by_session(r):
    s = Source(r, "clicks", watermark=r.random() < 0.9)
    keys = s.keys(r, 1)
    gap = f"'{r.choice([3, 5, 10, 30])} seconds'"
    if r.random() < 0.2:
        gap = f"CASE WHEN v > 0 THEN '5 seconds' ELSE {gap} END"
    select = ["session_window.start AS ws", "session_window.end AS we"] + keys + aggregates(r, s)
    mode = r.choice(["append", "append", "complete", "update"] if r.random() < 0.2 else ["append", "append", "complete"])
    return [s], [], mode, f"SELECT {', '.join(select)} FROM clicks{where(r, s)} GROUP BY {', '.join([f'session_window(ts, {gap})'] + keys)}"


def distinct(r):
    s = Source(r, "clicks")
    keys = s.keys(r, 1) + (["ts"] if r.random() < 0.4 else [])
    word = "within" if s.delay and r.random() < 0.5 else "distinct"
    # Which of several rows with one key stays is free: only the key is shown.
    return [s], [f"{word} firsts clicks {', '.join(keys)}"], r.choice(["append", "update"]), f"SELECT {', '.join(keys)} FROM firsts"


def distinct_then_window(r):
    s = Source(r, "clicks", watermark=True)
    keys = s.keys(r, 1)
    word = r.choice(["within", "distinct"])
    select = ["window.start AS ws"] + keys + ["count(*) AS n"]
    return [s], [f"{word} firsts clicks {', '.join(keys + ['ts'])}"], "append", f"SELECT {', '.join(select)} FROM firsts GROUP BY {', '.join([window(r, 'ts')] + keys)}"


def window_of_windows(r):
    s = Source(r, "clicks", watermark=True)
    first = r.choice([5, 10])
    inner = f"SELECT window AS w, count(*) AS n, sum(v) AS s FROM clicks{where(r, s)} GROUP BY window(ts, '{first} seconds')"
    return [s], [], "append", f"SELECT window.start AS ws, sum(n) AS n, max(s) AS s FROM ({inner}) GROUP BY window(w, '{first * r.choice([2, 3])} seconds')"


def join(r):
    a, b = Source(r, "left_side", watermark=r.random() < 0.9), Source(r, "right_side", watermark=r.random() < 0.9)
    a.columns = [("ts", "TIMESTAMP"), ("k", "INT"), ("v", r.choice(NUMBERS))]
    kind = r.choice(["INT", "INT", "BIGINT"])
    b.columns = [("ts", "TIMESTAMP"), ("k", kind), ("v", r.choice(NUMBERS))]
    how = r.choice(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "LEFT SEMI JOIN"])
    before, after = r.choice([0, 5, 20]), r.choice([0, 5, 20])
    on = ["x.k = y.k"]
    if r.random() < 0.85:
        on.append(f"y.ts BETWEEN x.ts - INTERVAL {before} SECONDS AND x.ts + INTERVAL {after} SECONDS")
    if r.random() < 0.2:
        on.append("x.v < y.v")
    select = "x.ts, x.k, x.v" if "SEMI" in how else "x.ts AS xt, x.k AS xk, x.v AS xv, y.ts AS yt, y.k AS yk, y.v AS yv"
    query = f"SELECT {select} FROM left_side x {how} right_side y ON {' AND '.join(on)}"
    if how == "JOIN" and r.random() < 0.15:
        query = f"SELECT window.start AS ws, k, count(*) AS n FROM (SELECT x.ts, x.k FROM left_side x JOIN right_side y ON {' AND '.join(on)}) " \
                "GROUP BY window(ts, '10 seconds'), k"
    return [a, b], [], "append", query


def union(r):
    a, b = Source(r, "clicks", watermark=True), Source(r, "views", watermark=True)
    b.columns = list(a.columns)
    keys = a.keys(r)
    mode = r.choice(["append", "update", "complete"])
    select = ["window.start AS ws"] + keys + aggregates(r, a)
    return [a, b], [], mode, (f"SELECT {', '.join(select)} FROM (SELECT * FROM clicks UNION ALL SELECT * FROM views) "
                              f"GROUP BY {', '.join([window(r, 'ts')] + keys)}")


def join_of_windows(r):
    """Both sides are counted by window first; only windows that are closed meet."""
    a, b = Source(r, "clicks", watermark=True), Source(r, "views", watermark=True)
    b.columns = list(a.columns)
    length = r.choice([5, 10])
    how = r.choice(["JOIN", "JOIN", "LEFT JOIN", "FULL JOIN"])
    counted = "SELECT window(ts, '{0} seconds') AS w, count(*) AS n FROM {1} GROUP BY window(ts, '{0} seconds')"
    return [a, b], [], "append", (f"SELECT x.w.start AS xs, x.n AS xn, y.w.start AS ys, y.n AS yn FROM ({counted.format(length, 'clicks')}) x {how} "
                                  f"({counted.format(length, 'views')}) y ON x.w = y.w")


def select_distinct(r):
    s = Source(r, "clicks")
    columns = s.keys(r, 1) + (["ts"] if r.random() < 0.5 else [])
    mode = r.choice(["append", "update", "complete"] if s.delay and "ts" in columns else ["update", "complete"])
    return [s], [], mode, f"SELECT DISTINCT {', '.join(columns)} FROM clicks{where(r, s)}"


def grouping_sets(r):
    s = Source(r, "clicks")
    keys = s.keys(r, 1)
    by = r.choice(["ROLLUP({0})", "CUBE({0})", "GROUPING SETS (({0}), ())"]).format(", ".join(keys))
    return [s], [], r.choice(["update", "complete"]), f"SELECT {', '.join(keys + ['grouping_id() AS g'] + aggregates(r, s))} FROM clicks{where(r, s)} GROUP BY {by}"


def with_table(r):
    """A stream and rows that do not change, then perhaps counted."""
    s = Source(r, "clicks")
    s.columns = [("ts", "TIMESTAMP"), ("k", "INT"), ("v", r.choice(NUMBERS))]
    table = "(SELECT * FROM VALUES (0, 'zero'), (1, 'one'), (1, 'uno'), (2, CAST(NULL AS STRING)), (NULL, 'none') AS t(k, name))"
    how = r.choice(["JOIN", "LEFT JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN"])
    if "SEMI" in how or "ANTI" in how or r.random() < 0.4:
        return [s], [], "append", f"SELECT c.ts, c.k, c.v FROM clicks c {how} {table} t ON c.k = t.k"
    mode = r.choice(["append", "update", "complete"] if s.delay else ["update", "complete"])
    return [s], [], mode, (f"SELECT window.start AS ws, name, count(*) AS n, sum(v) AS s FROM (SELECT c.ts, c.v, t.name FROM clicks c {how} {table} t "
                           f"ON c.k = t.k) GROUP BY {window(r, 'ts')}, name")


def exploded(r):
    s = Source(r, "clicks")
    s.columns = [("ts", "TIMESTAMP"), ("a", "ARRAY<INT>"), ("v", r.choice(NUMBERS))]
    mode = r.choice(["append", "update", "complete"] if s.delay else ["update", "complete"])
    outer = r.choice(["explode", "explode_outer"])
    return [s], [], mode, (f"SELECT window.start AS ws, e, count(*) AS n, max(v) AS hi FROM (SELECT ts, v, {outer}(a) AS e FROM clicks{where(r, s)}) "
                           f"GROUP BY {window(r, 'ts')}, e")


def expressions(r):
    """Groups by what is computed of columns, aggregates of several."""
    s = Source(r, "clicks")
    key = r.choice(["v > 0", "date_trunc('MINUTE', ts)", "hour(ts)", "coalesce(v, 0)", "concat_ws('-', cast(v AS STRING), 'x')", "struct(v > 0 AS p, 1 AS q)"])
    return [s], [], r.choice(["update", "complete"]), (
        f"SELECT {key} AS k, count(*) AS n, max(struct(v, ts)) AS top, sum(CASE WHEN v > 0 THEN v END) AS pos, min(ts) AS first, "
        f"max(unix_timestamp(ts)) - min(unix_timestamp(ts)) AS took FROM clicks{where(r, s)} GROUP BY {key}{having(r)}")


SHAPES = [by_key, by_key, by_window, by_window, by_window, by_session, by_session, distinct, distinct_then_window, window_of_windows, join, join, join, union,
          join_of_windows, join_of_windows, select_distinct, grouping_sets, with_table, with_table, exploded, expressions]


def case(seed):
    """The lines of one case, without answers."""
    r = random.Random(seed)
    shape = r.choice(SHAPES)
    sources, views, mode, query = shape(r)
    lines = [f"case {shape.__name__}_{seed}", *(s.line() for s in sources), *views, f"mode {mode}", f"query {query}"]
    for _ in range(r.randint(3, 6)):
        lines += ["", "step"]
        for source in sources:
            lines += source.rows(r)
        lines.append("----")
    return lines + [""]


def main():
    first, count = map(int, sys.argv[1:])
    for seed in range(first, first + count):
        print("\n".join(case(seed)))


if __name__ == "__main__":
    main()
