"""Runs checkov over infrastructure/ and examples/, and holds its suppressions to account.

Nothing leaves the machine. A suppression needs a reason, and checkov must complain without it. A
template that checkov leaves out, as it does without a word where it cannot read one, fails too.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from cfnlint.decode.cfn_yaml import load

from tools.project import ROOT

FOLDERS = ("infrastructure", "examples")
_LIST = ".checkov.yaml"
_PROBE = "ProbeOfCheckov"
_ENTRY = re.compile(r"^ *- *(CKV\w+) *(?:# *(.*))?$", re.MULTILINE)
# Settings of another checkov, and credentials, which would make it talk to its maker's platform.
_FOREIGN = ("BC_", "CHECKOV_", "CKV_", "PRISMA_")


class Finding(NamedTuple):
    """A check of checkov that failed on a resource."""

    template: str
    resource: str
    check: str
    name: str

    def __str__(self) -> str:
        return f"{self.template}: {self.resource}: {self.check}: {self.name}"


@dataclass(frozen=True)
class Suppression:
    """A check that may fail.

    Attributes:
        check: the ID of checkov's check.
        reason: why it may fail; empty where nobody said so.
        place: the template, or the list of a folder.
        resource: the logical ID in that template; None for all resources of the list's folder.
    """

    check: str
    reason: str
    place: str
    resource: str | None = None

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.resource, self.check) if part)

    def covers(self, finding: Finding) -> bool:
        """Returns whether this is what lets a finding pass."""
        if finding.check != self.check:
            return False
        if self.resource is None:
            return finding.template.startswith(self.place.removesuffix(_LIST))
        return (finding.template, finding.resource) == (self.place, self.resource)


def main(root: Path, checkov: Path) -> int:
    """Prints what is wrong and returns the exit code.

    Args:
        root: the project.
        checkov: the command.
    """
    templates = [name for folder in FOLDERS for name in templates_of(root, folder)]
    suppressions = list(suppressions_of(root))
    as_users_run_it = [
        finding
        for folder in FOLDERS
        for finding in run(checkov, root, templates_of(root, folder), _own_list(root, folder))
    ]
    with TemporaryDirectory(prefix="myorg-secrets-password-") as folder:
        bare = {
            finding._replace(template=finding.template.partition("/")[2])
            for finding in run(checkov, Path(folder), list(_bared(root, Path(folder))), None)
        }
    read = {finding.template for finding in bare if finding.resource == _PROBE}
    bare = {finding for finding in bare if finding.resource != _PROBE}
    uncovered = {one for one in bare if not any(it.covers(one) for it in suppressions)}
    wrong = [
        *(f"{one}: a suppression without a reason" for one in suppressions if not one.reason),
        *(str(finding) for finding in sorted({*as_users_run_it, *uncovered})),
        *(
            f"{one}: checkov does not complain without this suppression"
            for one in suppressions
            if not any(one.covers(finding) for finding in bare)
        ),
        *(f"{name}: checkov has read nothing of it" for name in templates if name not in read),
    ]
    for line in wrong:
        print(line)
    if not wrong:
        print(f"{len(templates)} templates pass checkov, with {len(suppressions)} suppressions.")
    return 1 if wrong else 0


def templates_of(root: Path, folder: str) -> list[str]:
    """Returns the paths of a folder's templates from the root, sorted."""
    return sorted(str(path.relative_to(root)) for path in (root / folder).rglob("*.yml"))


def suppressions_of(root: Path) -> Iterator[Suppression]:
    """Yields what the Metadata of resources and the folders' lists suppress."""
    for folder in FOLDERS:
        if own_list := _own_list(root, folder):
            place = str(own_list.relative_to(root))
            for check, reason in _ENTRY.findall(own_list.read_text(encoding="utf-8")):
                yield Suppression(check, reason.strip(), place)
        for template in templates_of(root, folder):
            for name, resource in load(str(root / template))["Resources"].items():
                for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
                    reason = str(skip.get("comment", "")).strip()
                    yield Suppression(str(skip["id"]), reason, template, str(name))


def run(checkov: Path, root: Path, names: Sequence[str], own_list: Path | None) -> list[Finding]:
    """Runs checkov and returns every check that failed.

    Args:
        checkov: the command.
        root: the folder that the templates' names start from.
        names: the templates that it looks at.
        own_list: a file of suppressions on top of those in the templates.

    Raises:
        SystemExit: checkov gave no report.
    """
    if not names:
        return []
    with TemporaryDirectory(prefix="myorg-secrets-password-") as home:
        outcome = subprocess.run(
            [
                str(checkov.absolute()),
                "--framework=cloudformation",
                "--skip-download",
                "--output=json",
                *([f"--config-file={own_list}"] if own_list else []),
                *(f"--file={name}" for name in names),
            ],
            cwd=root,
            env={
                **{name: os.environ[name] for name in os.environ if not name.startswith(_FOREIGN)},
                # Nor may a .checkov.yaml of the user's have a say.
                "HOME": home,
                # This project's own sources are nothing to another environment.
                "PYTHONPATH": "",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        failed = json.loads(outcome.stdout)["results"]["failed_checks"]
        return [_finding(record) for record in failed]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise SystemExit(f"checkov gave no report:\n{outcome.stdout}{outcome.stderr}") from None


def _finding(record: Mapping[str, Any]) -> Finding:
    return Finding(
        record["file_path"].lstrip("/"),
        # It calls resources AWS::KMS::Key.Key.
        record["resource"].rpartition(".")[2],
        record["check_id"],
        record["check_name"],
    )


def _own_list(root: Path, folder: str) -> Path | None:
    path = root / folder / _LIST
    return path if path.exists() else None


def _bared(root: Path, copies: Path) -> Iterator[str]:
    """Writes copies of all templates without suppressions, and yields their names.

    Of each there are two, one for either branch of its conditions: checkov gives up on a policy
    that has Fn::If in it, without a word. The copies hold a resource that checkov must complain of.
    """
    for folder in FOLDERS:
        for name in templates_of(root, folder):
            for branch in (1, 2):
                template = branch_taken(load(str(root / name)), branch)
                for resource in template["Resources"].values():
                    resource.pop("Metadata", None)
                template["Resources"][_PROBE] = {"Type": "AWS::KMS::Key", "Properties": {}}
                copy = copies / str(branch) / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                # JSON is YAML, so that the copy keeps its name.
                copy.write_text(json.dumps(template, default=str), encoding="utf-8")
                yield str(copy.relative_to(copies))


def branch_taken(node: Any, branch: int) -> Any:
    """Returns a part of a template with every Fn::If replaced by what it chooses.

    Args:
        node: the part.
        branch: 1 where every condition holds, 2 where none does.
    """
    match node:
        case {"Fn::If": [_, _, _] as choice}:
            return branch_taken(choice[branch], branch)
        case {"Ref": "AWS::NoValue"}:
            return None
        case dict():
            taken = {key: branch_taken(value, branch) for key, value in node.items()}
            return {key: value for key, value in taken.items() if value is not None}
        case list():
            items = [branch_taken(item, branch) for item in node]
            return [item for item in items if item is not None]
        case _:
            return node


if __name__ == "__main__":
    sys.exit(main(ROOT, Path(sys.argv[1])))
