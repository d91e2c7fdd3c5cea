#!/usr/bin/python3
"""Wireshark itself, on a screen that nobody sees, shows a sample: packet list and details are read off a picture.

usage: screenshot.py BUILD-ROOT [PICTURE.png]      TAP on standard output; 77 without Xvfb, wireshark or tesseract

The picture is kept where $OUT says, or beside the build.
"""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import plugin_runner as pr  # noqa: E402

WIDTH, HEIGHT, PATIENCE_S = 1600, 1200, 60
PICTURE = pathlib.Path(os.environ.get("OUT") or sys.argv[1]) / "wireshark.png"
# What a reader of letters must find, in the list and in the details of the chosen event.
WANTED = {"a process in the list": r"curl \(65\)", "what it works on": r"ld\.so\.cache", "an info line": r"close res=0 fd",
          "the protocol's tree": r"System call \(scapkit\)", "its arguments": r"RDONLY\|", "a field": r"Works on"}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def as_png(xwd):
    """The X server's own picture of its screen (xwd, 32 bits a pixel), as PNG."""
    head = struct.unpack(">25I", xwd[:100])
    header, width, height, line, colors = head[0], head[4], head[5], head[12], head[19]
    assert head[11] == 32 and head[7] == 0, "an unusual screen"
    at, rows = header + 12 * colors, []
    for y in range(height):
        row = xwd[at + y * line:at + y * line + 4 * width]
        pixels = bytearray(3 * width)
        pixels[0::3], pixels[1::3], pixels[2::3] = row[2::4], row[1::4], row[0::4]
        rows.append(b"\0" + bytes(pixels))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(b"".join(rows), 6)) + chunk(b"IEND", b"")


def letters(picture):
    run = subprocess.run(["tesseract", str(picture), "-", "--psm", "11", "--dpi", "150"], capture_output=True,
                         text=True, timeout=60, check=True, env=dict(os.environ, OMP_THREAD_LIMIT="1"))
    return run.stdout


def start_screen(r):
    ends = os.pipe()
    screen = subprocess.Popen(["Xvfb", "-displayfd", str(ends[1]), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-dpi", "130",
                               "-fbdir", str(r.folder / "out"), "-nolisten", "tcp"], pass_fds=[ends[1]],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(ends[1])
    with os.fdopen(ends[0]) as number:
        return screen, ":" + number.readline().strip()


def settings(r):
    """A window as large as the screen, and lists one above the other."""
    folder = r.folder / "out" / ".config" / "wireshark"
    folder.mkdir(parents=True)
    (folder / "recent_common").write_text(
        "gui.geometry_main_x: 0\ngui.geometry_main_y: 0\n"
        f"gui.geometry_main_width: {WIDTH}\ngui.geometry_main_height: {HEIGHT}\ngui.geometry_main_maximized: FALSE\n")
    (folder / "preferences").write_text(
        "gui.layout_type: 1\ngui.update.enabled: FALSE\ngui.layout_content_3: NONE\n")
    for path in [folder.parent, folder] + list(folder.iterdir()):
        os.chmod(path, 0o777 if path.is_dir() else 0o666)
    return {"HOME": str(r.folder / "out"), "XDG_RUNTIME_DIR": str(r.folder / "out"), "QT_X11_NO_MITSHM": "1",
            "XDG_CONFIG_HOME": str(r.folder / "out" / ".config")}


def shown(r):
    copy = r.take(pr.SOURCE / "samples" / "curl.scap")
    screen, display = start_screen(r)
    env = dict(r.env, DISPLAY=display, **settings(r))
    program = subprocess.Popen(r.prefix + ["wireshark", "-r", str(copy), "-g", "5"], env=env, cwd=r.folder,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until, missing = time.monotonic() + PATIENCE_S, ["everything"]
    try:
        while missing and time.monotonic() < until:
            time.sleep(3)
            PICTURE.write_bytes(as_png((r.folder / "out" / "Xvfb_screen0").read_bytes()))
            text = letters(PICTURE)
            missing = [what for what, how in WANTED.items() if not re.search(how, text)]
            assert program.poll() is None, f"Wireshark has ended, {program.returncode}: " + program.stderr.read().decode()
    finally:
        for one in (program, screen):
            one.terminate()
            one.wait()
    assert not missing, f"not to be seen: {missing}; the picture is {PICTURE}; read off it:\n{text}"
    return str(PICTURE)


lacking = [p for p in ("Xvfb", "wireshark", "tesseract") if not shutil.which(p)]
if lacking:
    print("1..0 # skip: no " + ", ".join(lacking) + " here (apt install xvfb wireshark tesseract-ocr)")
    sys.exit(77)
sys.exit(pr.tap([("Wireshark shows a sample", shown)], sys.argv[1]))
