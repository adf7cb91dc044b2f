#!/usr/bin/env python3
"""Records what CPython does on `import NAME`: the truth that `speclens effects` is measured against.

    record.py [NAME...]             names of packages.txt, or all; to <target>/effects/truth.jsonl
    record.py --small [CASE...]     cases of packages/, or all; to packages/<case>.json
    record.py --small --check       the same, compared with what is recorded; writes nothing

Needs CPython 3.10 or newer for itself and finds the interpreters that it asks on PATH and in pyenv. `SPECLENS_EFFECTS_VENV` is an
environment to use instead of the one that it makes.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or PROJECT / "target").resolve()
SCRIPT = (PROJECT / "server/speclens/src/command_line/verify/effects.py").read_text("utf-8")
MARK = "\x1eeffects "
LIMIT = 120
INSTALL_LIMIT = 3600
ENVIRONMENT_VERSION = "3.11"
SMALL_VERSIONS = ["3.8", "3.13"]


def interpreter(version):
    """The CPython of this version on PATH or in pyenv, or None."""
    places = [shutil.which("python" + version)]
    root = os.environ.get("PYENV_ROOT")
    if not root and shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], stdout=subprocess.PIPE, text=True, timeout=LIMIT).stdout.strip()
    if root:
        places += sorted(Path(root, "versions").glob(version + ".*/bin/python3"))
    ask = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"
    for place in filter(None, places):
        told = subprocess.run([place, "-I", "-c", ask], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=LIMIT)
        if told.stdout.split() == ["cpython", version]:
            return Path(place)
    return None


def environment():
    """The Python of the environment with all of requirements.txt, which is installed once."""
    given = os.environ.get("SPECLENS_EFFECTS_VENV")
    requirements = HERE / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    place = Path(given) if given else TARGET / "environments" / ("effects-" + digest)
    python = place / "bin" / "python"
    if given or (place / "complete").exists():
        return python
    base = interpreter(ENVIRONMENT_VERSION) or sys.exit("no CPython " + ENVIRONMENT_VERSION)
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([base, "-m", "venv", place], check=True, timeout=LIMIT)
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "-r", requirements]
    subprocess.run(install, check=True, timeout=INSTALL_LIMIT)
    (place / "complete").touch()
    return python


def effects(python, name, first=()):
    """What `effects.py` answers; `unanswered` says why it does not."""
    # A home of its own that lasts: some packages write there what they read the next time.
    home, empty = TARGET / "effects" / "home", TARGET / "effects" / "empty"
    for directory in (home, empty):
        directory.mkdir(parents=True, exist_ok=True)
    child = subprocess.Popen(
        [python, "-I", "-B", "-c", SCRIPT, MARK, name, *map(str, first)],
        cwd=empty,
        env={"PATH": os.defpath, "HOME": str(home), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        output = child.communicate(timeout=LIMIT)[0].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        return {"name": name, "unanswered": "not within %d seconds" % LIMIT}
    finally:
        # Processes that the import started end with it.
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
    for line in output.split("\n"):
        if MARK in line:
            return json.loads(line.partition(MARK)[2])
    return {"name": name, "unanswered": "ended with status %d" % child.returncode}


def packages():
    lines = (HERE / "packages.txt").read_text("utf-8").splitlines()
    return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def record_all(names, output):
    python = environment()
    output.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for row in pool.map(lambda name: effects(python, name), sorted(names)):
            rows.append(json.dumps(row, separators=(",", ":")) + "\n")
            print(row["name"], row.get("unanswered") or row["error"] or len(row["modules"]), flush=True)
    output.write_text("".join(rows), "utf-8")


def small_row(python, name, case, standard):
    row = effects(python, name, [case])
    row["modules"] = {key: value for key, value in row.get("modules", {}).items() if key.partition(".")[0] not in standard}
    # No path of this machine is recorded.
    return json.loads(json.dumps(row).replace(json.dumps(str(case))[1:-1], "<case>"))


def small_text(recorded):
    """One import a line."""
    parts = [json.dumps(key) + ": " + json.dumps(recorded[key]) for key in ("about", "names")]
    for version in filter(recorded.get, SMALL_VERSIONS):
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in recorded[version])
        parts.append("%s: [\n%s\n]" % (json.dumps(version), rows))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def record_small(cases, check):
    ask = "import sys; print(*getattr(sys, 'stdlib_module_names', ()))"
    differences = 0
    for version in SMALL_VERSIONS:
        python = interpreter(version)
        if python is None:
            print("skipped: no CPython", version)
            continue
        told = subprocess.run([python, "-I", "-c", ask], stdout=subprocess.PIPE, text=True, check=True, timeout=LIMIT)
        standard = set(told.stdout.split()) or set(sys.stdlib_module_names)
        for case in cases:
            file = HERE / "packages" / (case + ".json")
            recorded = json.loads(file.read_text("utf-8"))
            rows = [small_row(python, name, HERE / "packages" / case, standard) for name in recorded["names"]]
            if rows == recorded.get(version):
                continue
            differences += 1
            print(case, version, "differs" if check else "recorded")
            if not check:
                recorded[version] = rows
                file.write_text(small_text(recorded), "utf-8")
    return differences


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*")
    options.add_argument("--small", action="store_true")
    options.add_argument("--check", action="store_true")
    options.add_argument("--output", type=Path, default=TARGET / "effects" / "truth.jsonl")
    chosen = options.parse_args()
    if chosen.small:
        cases = chosen.names or sorted(file.stem for file in (HERE / "packages").glob("*.json"))
        sys.exit(1 if record_small(cases, chosen.check) and chosen.check else 0)
    record_all(chosen.names or packages(), chosen.output)


main()
