#!/usr/bin/python3
"""Puts the compiled kernel programs into the program that loads them.

usage: embed.py OBJECT OUT.S
Writes an assembler file with the object's bytes between engine_object and engine_object_end.
"""
import sys

if len(sys.argv) != 3:
    sys.exit(__doc__)
with open(sys.argv[2], "w") as out:
    out.write(f"""\t.section .rodata
\t.balign 8
\t.globl engine_object, engine_object_end
\t.hidden engine_object, engine_object_end
engine_object:
\t.incbin "{sys.argv[1]}"
engine_object_end:
\t.byte 0
\t.section .note.GNU-stack, "", %progbits
""")
