#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed.py INPUT OUTPUT - the bytes of the init program as the C source of run/init.h."""
import sys

with open(sys.argv[1], "rb") as program:
    data = program.read()
if not data.startswith(b"\x7fELF"):
    sys.exit(f"{sys.argv[1]}: not an executable")
rows = [", ".join(f"0x{byte:02x}" for byte in data[at:at + 12]) for at in range(0, len(data), 12)]
with open(sys.argv[2], "w", encoding="ascii") as out:
    out.write('/* Generated from run/init-program.c; do not edit. */\n#include "run/init.h"\n\n')
    out.write("const unsigned char init_program[] = {\n\t" + ",\n\t".join(rows) + ",\n};\n")
    out.write("const size_t init_program_len = sizeof(init_program);\n")
