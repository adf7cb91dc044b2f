"""Runs what `.pre-commit-hooks.yaml` and `action.yml` define, on a copy of the tour, with the program of an environment.

    python definitions.py hook|action REPOSITORY WORKSPACE ENVIRONMENT WHEEL

Prints what they print, and exits as they do.
"""

import os
import pathlib
import re
import subprocess
import sys

import yaml


def run(command, workspace, **variables):
    return subprocess.run(command, cwd=workspace, env={**os.environ, **variables}, timeout=120).returncode


def hook(repository, workspace, environment, wheel):
    """pre-commit itself runs it; only the environment is there already."""
    manifest = repository / ".pre-commit-hooks.yaml"
    pre_commit = [sys.executable, "-m", "pre_commit"]
    wrong = run([*pre_commit, "validate-manifest", str(manifest)], workspace)
    if wrong:
        return wrong
    hooks = yaml.safe_load(manifest.read_text())
    config = {"repos": [{"repo": "local", "hooks": [{**hook, "language": "system"} for hook in hooks]}]}
    (workspace / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    for git in (["git", "init", "--quiet"], ["git", "add", "."]):
        subprocess.run(git, cwd=workspace, check=True, timeout=60)
    path = os.pathsep.join([str(environment / "bin"), os.environ["PATH"]])
    home = str(workspace.parent / "pre-commit")
    return run([*pre_commit, "run", "--all-files", "--color=never"], workspace, PATH=path, PRE_COMMIT_HOME=home)


def action(repository, workspace, environment, wheel):
    """Its steps, as a runner runs them; the sources are installed as the wheel that was built of them."""
    definition = yaml.safe_load((repository / "action.yml").read_text())
    known = {"github.action_path": str(wheel), "runner.temp": str(workspace.parent / "runner")}
    known.update((f"inputs.{name}", value["default"]) for name, value in definition["inputs"].items())
    known["inputs.python"] = str(environment)
    for step in definition["runs"]["steps"]:
        assert step["shell"] == "bash"
        fill = lambda text: re.sub(r"\$\{\{ *([\w.]+) *\}\}", lambda found: known[found[1]], text)
        variables = {name: fill(value) for name, value in step.get("env", {}).items()}
        assert "${{" not in step["run"], "what the user writes goes through variables"
        code = run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], workspace, **variables)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1]](*map(pathlib.Path, sys.argv[2:])))
