#!/usr/bin/env python3
"""Makes the environment of the founding question: transformers, torchmetrics and pytorch-lightning as released.

    python3 setup_environment.py [DIRECTORY] [--transformers VERSION] [--without-torch | --with-torch]

DIRECTORY is `target/environments/founding-question` of this repository by default (a variant gets its own name). The
packages come from the package index that pip is set up for, as wheels, at the versions of requirements.txt. PyTorch is
800 MB, so by default `torch_stand_in/` takes its place. A second run finds everything there and returns at once.

The last line printed is the interpreter of the environment. Exit status: 0 ready, 1 something failed, 3 no interpreter
of the time (CPython 3.8 or 3.9) on this machine.
"""

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]

# tokenizers 0.10 has no wheels for later versions.
PYTHONS = ("3.8", "3.9")
# transformers pins this one, each release another.
HUGGINGFACE_HUB = {"4.9.2": "0.0.12", "4.10.0": "0.0.12", "4.16.2": "0.1.2"}
TORCH = "1.10.2"


def main():
    options = arguments()
    directory = options.directory or default_directory(options)
    directory.parent.mkdir(parents=True, exist_ok=True)
    with locked(directory):
        python = options.python or interpreter()
        if python is None:
            print(f"no CPython {' or '.join(PYTHONS)} on PATH or in pyenv", file=sys.stderr)
            return 3
        wanted = requirements(options)
        stamp, key = directory / "speclens-stamp", fingerprint(python, wanted, options)
        if not (stamp.is_file() and stamp.read_text() == key):
            make(directory, python, wanted, options)
            stamp.write_text(key)
    print(program(directory))
    return 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=lambda text: Path(text).absolute())
    parser.add_argument("--transformers", default="4.9.2", choices=HUGGINGFACE_HUB, metavar="VERSION",
                        help="one of " + ", ".join(HUGGINGFACE_HUB))
    parser.add_argument("--python", help="the interpreter to use, instead of looking for one")
    torch = parser.add_mutually_exclusive_group()
    torch.add_argument("--with-torch", action="store_const", dest="torch", const="real", help="the real PyTorch")
    torch.add_argument("--without-torch", action="store_const", dest="torch", const="none", help="no torch at all")
    parser.set_defaults(torch="stand-in")
    return parser.parse_args()


def default_directory(options):
    name = "founding-question"
    if options.transformers != "4.9.2":
        name += "-" + options.transformers
    if options.torch != "stand-in":
        name += {"real": "-with-torch", "none": "-without-torch"}[options.torch]
    return REPOSITORY / "target" / "environments" / name


@contextlib.contextmanager
def locked(directory):
    """Two tests may ask for the same environment at once: the second waits for the first."""
    with open(directory.with_name(directory.name + ".lock"), "w") as lock:
        if os.name == "posix":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def interpreter():
    for version in PYTHONS:
        for candidate in [shutil.which("python" + version), *pyenv(version)]:
            if candidate and runs(candidate, version):
                return candidate
    return None


def pyenv(version):
    root = os.environ.get("PYENV_ROOT")
    if root is None and shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], stdout=subprocess.PIPE, universal_newlines=True).stdout.strip()
    if not root:
        return []
    found = Path(root, "versions").glob(version + ".*/bin/python")
    return sorted(map(str, found), reverse=True)


def runs(python, version):
    # pyenv's shims are on PATH for versions that are not switched on.
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    run = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
    return run.returncode == 0 and run.stdout.strip() == version


def requirements(options):
    wanted = [line for line in (HERE / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    wanted += ["transformers==" + options.transformers]
    wanted += ["huggingface-hub==" + HUGGINGFACE_HUB[options.transformers]]
    if options.torch == "real":
        wanted += ["torch==" + TORCH]
    return wanted


def fingerprint(python, wanted, options):
    content = hashlib.sha256()
    for text in [subprocess.check_output([python, "-VV"], universal_newlines=True), *wanted, options.torch]:
        content.update(text.encode() + b"\n")
    for file in sorted((HERE / "torch_stand_in").rglob("*")) + [HERE / "setup_environment.py"]:
        if file.is_file() and "__pycache__" not in file.parts:
            content.update(file.relative_to(HERE).as_posix().encode() + b"\n" + file.read_bytes())
    return content.hexdigest()


def make(directory, python, wanted, options):
    if directory.exists():
        ours = (directory / "pyvenv.cfg").is_file() or not any(directory.iterdir())
        if not ours:
            sys.exit(f"{directory} is no environment: it is left alone")
        shutil.rmtree(directory)
    run(python, "-m", "venv", directory)
    # The pip that comes with this interpreter: pip 24.1 and later refuse pytorch-lightning 1.5.8's metadata.
    run(program(directory), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary", ":all:", *wanted)
    if options.torch == "stand-in":
        paths = run(program(directory), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        for part in (HERE / "torch_stand_in").iterdir():
            shutil.copytree(part, Path(paths.strip(), part.name), ignore=shutil.ignore_patterns("__pycache__"))


def program(directory):
    return directory / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(*command):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
