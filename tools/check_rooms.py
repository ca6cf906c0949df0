#!/usr/bin/env python3
"""Check every #include against the table of rooms in the top CMakeLists.txt.

A room includes itself and the rooms named under its DEPS. Only src/connectors/*.cc
name more than one connector. Any room may include sluice/types.h and sluice/error.h,
other public headers only a room marked PUBLIC_HEADERS. Public headers hold no Arrow,
gRPC or protobuf header.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
SHARED_PUBLIC = {"sluice/types.h", "sluice/error.h"}
PRIVATE_PREFIXES = ("arrow/", "parquet/", "grpc", "google/protobuf", "absl/", "librdkafka/", "nlohmann/")


def read_table():
    """{room: (rooms it may include, whether it may use all public headers)}"""
    text = re.sub(r"#.*", "", (ROOT / "CMakeLists.txt").read_text())
    table = {}
    for kind, arguments in re.findall(r"\bsluice_(room|connectors)\(([^)]*)\)", text):
        words = arguments.split()
        name = words.pop(0) if kind == "room" else "connectors/*"
        deps = words[words.index("DEPS") + 1:] if "DEPS" in words else []
        table[name] = (set(deps[: deps.index("LIBS")] if "LIBS" in deps else deps), "PUBLIC_HEADERS" in words)
    return table


def room_of(path):
    """'connectors/kafka/x.h' -> 'connectors/kafka', 'connectors/all.h' -> 'connectors', 'sql/x.h' -> 'sql'"""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("connectors", "external", "server") and len(parts) > 2 else parts[0]


def check_source(path, table):
    room = room_of(path.relative_to(ROOT / "src").as_posix())
    key = room if room in table else "connectors/*" if room.startswith("connectors/") else None
    if room == "connectors":
        allowed, public = {r for r in table["connectors/*"][0]}, False
    elif key is None:
        yield f"{room} is no room"
        return
    else:
        allowed, public = table[key]
    for quote, name in INCLUDE.findall(path.read_text()):
        if name.startswith("sluice/"):
            if not public and name not in SHARED_PUBLIC:
                yield f"includes {name}: only for session and server"
            continue
        if name.startswith("support/") and re.search(r"_(test|fuzz|bench)\.cc$", path.name):
            continue
        target = room_of(name)
        known = target in table or target == "connectors" or target.startswith("connectors/")
        if quote == "<":
            if known and (ROOT / "src" / name).exists():
                yield f'includes <{name}>: write "{name}"'
            continue
        if not known:
            if not (ROOT / "src" / name).exists() and (path.parent / name).exists():
                yield f'includes "{name}": write the path from src/'
            continue
        if target == room or target in allowed:
            continue
        if room == "connectors" and target.startswith("connectors/"):
            continue
        yield f"includes {name}: {room} may include {', '.join(sorted(allowed)) or 'no room'}"


def check_public(path):
    for _, name in INCLUDE.findall(path.read_text()):
        if name.startswith(PRIVATE_PREFIXES):
            yield f"includes {name}: public headers hold no third-party header"
        elif (ROOT / "src" / name).exists():
            yield f"includes {name}: public headers include only public ones"


def sources(folder):
    return sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in (".h", ".cc"))


def main():
    table = read_table()
    faults = [f"{p.relative_to(ROOT)}: {m}" for p in sources("src") for m in check_source(p, table)]
    faults += [f"{p.relative_to(ROOT)}: {m}" for p in sources("include/sluice") for m in check_public(p)]
    print("\n".join(faults) or "rooms: every #include is allowed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
