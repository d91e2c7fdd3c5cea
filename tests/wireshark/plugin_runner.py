"""Runs Wireshark's programs with the plugins of a build, for the tests here.

As root these programs ignore WIRESHARK_PLUGIN_DIR, so that they run as nobody there, in a folder of
their own with copies of what they read.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import traceback

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SHARED = SOURCE.parent / "shared" / "captures"
NOBODY = 65534


def plugin_folder(build, folder):
    """Wireshark's own plugins and ours, as WIRESHARK_PLUGIN_DIR wants them."""
    run = subprocess.run(["pkg-config", "--variable=plugindir", "wireshark"], capture_output=True, text=True,
                         check=True)
    theirs = pathlib.Path(run.stdout.strip())
    ours = folder / "plugins" / theirs.name
    shutil.copytree(theirs, ours, symlinks=True)
    for kind, name in (("epan", "scapkit.so"), ("wiretap", "scapkit_file.so")):
        shutil.copy(build / "plugins" / "wireshark" / kind / name, ours / kind / name)
    return folder / "plugins"


class Runner:
    def __init__(self, build):
        self.build = pathlib.Path(build)
        # As nobody they get nowhere below a folder of root's, as $TMPDIR may be.
        self.temporary = tempfile.TemporaryDirectory(prefix="scapkit-wireshark.", dir="/tmp" if os.getuid() == 0 else None)
        self.folder = pathlib.Path(self.temporary.name)
        self.env = dict(os.environ, HOME=str(self.folder), TZ="UTC", LC_ALL="C.UTF-8",
                        WIRESHARK_PLUGIN_DIR=str(plugin_folder(self.build, self.folder)))
        self.env.pop("XDG_CONFIG_HOME", None)
        self.prefix = []
        if os.getuid() == 0:
            self.prefix = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
            os.chmod(self.folder, 0o755)
        (self.folder / "out").mkdir()
        os.chmod(self.folder / "out", 0o777)

    def close(self):
        self.temporary.cleanup()

    def take(self, path, name=None):
        """A copy that these programs may read."""
        to = self.folder / (name or pathlib.Path(path).name)
        shutil.copyfile(path, to)
        os.chmod(to, 0o644)
        return to

    def write(self, name, data):
        to = self.folder / name
        to.write_bytes(data)
        os.chmod(to, 0o644)
        return to

    def run(self, *words, plugins=True, timeout=120, **more):
        env = dict(self.env)
        if not plugins:
            del env["WIRESHARK_PLUGIN_DIR"]
        return subprocess.run(self.prefix + [str(w) for w in words], env=env, capture_output=True,
                              timeout=timeout, check=False, cwd=self.folder, **more)

    def lines(self, *words, plugins=True):
        """What it says, when it says it without complaint."""
        done = self.run(*words, plugins=plugins)
        words = done.stderr.decode(errors="replace")
        assert done.returncode == 0, f"status {done.returncode}: {words[:500]}"
        text = done.stdout.decode(errors="replace")  # in which splitlines() would find more ends of lines
        return text.removesuffix("\n").split("\n") if text else []

    def scapread(self, *words):
        done = subprocess.run([str(self.build / "scapread")] + [str(w) for w in words], env=self.env,
                              capture_output=True, timeout=120, check=False)
        text = done.stdout.decode(errors="replace")  # in which splitlines() would find more ends of lines
        return text.removesuffix("\n").split("\n") if text else []


def captures():
    """Our samples, and the captures of others where they are."""
    found = sorted((SOURCE / "samples").glob("*.scap"))
    return found + (sorted(SHARED.glob("*.scap")) if SHARED.is_dir() else [])


def tap(tests, build):
    """Runs functions that take a Runner; each gives a line of TAP. Returns the status."""
    runner, bad = Runner(build), 0
    print("1..%d" % len(tests), flush=True)
    try:
        for number, (name, test) in enumerate(tests, 1):
            try:
                said = test(runner)
                print("ok %d - %s%s" % (number, name, " (%s)" % said if said else ""), flush=True)
            except Exception:   # a test that breaks has failed, and the next one runs
                bad += 1
                print("not ok %d - %s" % (number, name))
                print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    finally:
        runner.close()
    return 1 if bad else 0
