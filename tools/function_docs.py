#!/usr/bin/env python3
"""Write docs/functions.md from the registry of functions, as the built command tells it.

usage: function_docs.py [build/release]
"""
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def query(build, *statements):
    done = subprocess.run([str(Path(build) / "bin" / "sluice"), "sql", "--output", "json", "-f", "/dev/stdin"],
                          input=";\n".join(statements), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line]


def cell(text):
    return text.strip().replace("\n", " ").replace("|", "\\|")


def code(text):
    return f"`{cell(text)}`" if text.strip() else ""


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "release"
    names = [row["function"] for row in query(build, "SHOW FUNCTIONS") if not row["function"].startswith("__")]
    functions, current = [], None
    for row in query(build, *(f"DESCRIBE FUNCTION EXTENDED `{name}`" for name in names)):
        text = row["function_desc"]
        if text.startswith("Function: "):
            current = {"name": text.removeprefix("Function: "), "doc": "", "sql": "", "answer": ""}
            functions.append(current)
        elif text.startswith("Usage: "):
            current["doc"] = text.removeprefix("Usage: ").removesuffix("N/A.")
        elif "> SELECT " in text:
            sql, _, answer = text.split("> SELECT ", 1)[1].partition(";\n")
            current.update(sql=sql, answer=answer)
    lines = ["# Functions", "",
             f"{len(functions)} names, operators included. Written by `tools/function_docs.py` from the registry; the answers are "
             "real Spark's. `DESCRIBE FUNCTION EXTENDED name` shows the same.", "",
             "| function | what it gives | example | answer |", "|---|---|---|---|"]
    lines += [f"| {code(f['name'])} | {cell(f['doc'])} | {code(f['sql'])} | {code(f['answer'])} |" for f in functions]
    (ROOT / "docs" / "functions.md").write_text("\n".join(lines) + "\n")
    print(f"{len(functions)} functions")


if __name__ == "__main__":
    main()
