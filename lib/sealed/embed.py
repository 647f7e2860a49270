#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed.py ROOM NAME INPUT OUTPUT - an executable's bytes as C: ROOM/NAME.h's NAME_program."""
import sys

room, name, source, target = sys.argv[1:]
with open(source, "rb") as program:
    data = program.read()
if not data.startswith(b"\x7fELF"):
    sys.exit(f"{source}: not an executable")
rows = [", ".join(f"0x{byte:02x}" for byte in data[at:at + 12]) for at in range(0, len(data), 12)]
with open(target, "w", encoding="ascii") as out:
    out.write(f'/* Generated from {room}/{name}-program.c; do not edit. */\n#include "{room}/{name}.h"\n\n')
    out.write(f"const unsigned char {name}_program[] = {{\n\t" + ",\n\t".join(rows) + ",\n};\n")
    out.write(f"const size_t {name}_program_len = sizeof({name}_program);\n")
