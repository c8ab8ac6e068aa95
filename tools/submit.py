"""Submits the type: a preflight, and then `cfn submit` as it is.

    make submit ARGS="--region eu-west-1"
    make submit ARGS="--region eu-west-1 --dry-run"

The exit code is 0 when it was submitted (or, by --dry-run, packaged), 1 when something is known to
be wrong, and otherwise that of `cfn submit`. Nothing is uploaded before everything was looked at.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from myorg_secrets.doctor import Finding
from myorg_secrets.doctor.asking import Unanswered
from tools.package import package
from tools.preflight import Examined, Wanted, examine
from tools.preflight.registry import Registry
from tools.project import ROOT, executable

_NAME_WIDTH = 22


def main(arguments: Sequence[str], project: Path = ROOT) -> int:
    """Looks, and submits where nothing is wrong; returns the exit code.

    Args:
        arguments: of the command line.
        project: the root of the tree that is submitted.
    """
    options = _parser().parse_args(arguments)
    wanted = Wanted(
        project,
        options.region,
        options.profile,
        options.role_arn,
        options.storage_stack,
        options.role_stack,
    )
    found = examine(wanted)
    for finding in found.findings:
        _show(finding)
    problems = found.problems
    surplus = found.registry.surplus if found.registry and options.deregister_oldest else []
    if surplus:
        problems = [each for each in problems if each.check != "Versions"]
    if problems:
        print(f"\nNothing was uploaded. To be mended first: {_names(problems)}.")
        return 1
    if options.dry_run:
        if surplus:
            print(f"\nWithout --dry-run these versions go: {', '.join(surplus)}.")
        print(f"\nNothing was uploaded. The package is {package(project)}.")
        return 0
    if found.registry and not _make_room(found.registry, surplus):
        return 1
    return _submit(project, found, options.profile)


def _parser() -> argparse.ArgumentParser:
    default = Wanted(ROOT)
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--region", help="where the type is registered; else as the AWS CLI has it")
    parser.add_argument("--profile", help="the AWS profile")
    parser.add_argument(
        "--role-arn", help="the execution role; else the output of the role's stack"
    )
    parser.add_argument("--storage-stack", default=default.storage_stack, help="its name")
    parser.add_argument("--role-stack", default=default.role_stack, help="its name")
    parser.add_argument(
        "--dry-run", action="store_true", help="stop after the preflight, and make the package"
    )
    parser.add_argument(
        "--deregister-oldest",
        action="store_true",
        help="where 50 versions are registered, deregister the oldest that is not the default",
    )
    return parser


def _show(finding: Finding) -> None:
    print(f"{finding.status:8} {finding.check:{_NAME_WIDTH}} {finding.message}")
    if finding.remedy:
        print(f"{'':8} {'':{_NAME_WIDTH}} -> {finding.remedy}")


def _names(problems: Sequence[Finding]) -> str:
    return ", ".join(dict.fromkeys(each.check for each in problems))


def _make_room(registry: Registry, version_ids: Sequence[str]) -> bool:
    for version_id in version_ids:
        try:
            registry.deregister(version_id)
        except Unanswered as failure:
            print(f"\nNothing was uploaded. Version {version_id} stays registered: {failure}")
            return False
        print(f"\nVersion {version_id} is deregistered.")
    return True


def _submit(project: Path, found: Examined, profile: str | None) -> int:
    command = [str(executable("cfn")), "submit", "--set-default", "--region", found.region]
    command += ["--role-arn", found.role_arn]
    if profile:
        command += ["--profile", profile]
    print(f"\n{' '.join(['cfn', *command[1:]])}", flush=True)
    code = subprocess.run(
        command,
        cwd=project,
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode
    if code:
        print(f"`cfn submit` failed. {project / 'rpdk.log'} says more; delete it afterwards.")
        return code
    for log in project.glob("rpdk.log*"):
        log.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
