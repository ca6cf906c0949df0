#!/usr/bin/env python3
"""Write a FileDescriptorSet from generated Python protobuf modules, without importing them.

descriptor_set.py OUTPUT MODULE_pb2.py...

Each module passes the serialized FileDescriptorProto of its file to AddSerializedFile(); a
FileDescriptorSet is those, one after the other, each as field 1.
"""
import ast
import sys
from pathlib import Path


def descriptor(path):
    """The serialized FileDescriptorProto in the module at `path`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "AddSerializedFile":
            return ast.literal_eval(node.args[0])
    sys.exit(f"{path}: no call of AddSerializedFile")


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def main():
    output, *modules = map(Path, sys.argv[1:])
    files = [descriptor(module) for module in modules]
    output.write_bytes(b"".join(b"\x0a" + varint(len(f)) + f for f in files))


if __name__ == "__main__":
    main()
