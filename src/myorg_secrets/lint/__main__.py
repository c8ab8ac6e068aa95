"""cfn-lint with the rules of this package: every argument is cfn-lint's own."""

import sys
from collections.abc import Sequence

from . import FOLDER, RULES


def main(arguments: Sequence[str]) -> None:
    """Print the rules' folder for `--path`, or else run cfn-lint; ends the process.

    Args:
        arguments: `--path` alone, or cfn-lint's arguments.

    Raises:
        SystemExit: with cfn-lint's exit code; 1 where cfn-lint is not installed.
    """
    if list(arguments) == ["--path"]:
        print(FOLDER)
        sys.exit(0)
    try:
        from cfnlint.runner.cli import main as cfn_lint
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "cfnlint":
            raise
        sys.exit("cfn-lint is not installed. Run: pip install 'myorg-secrets[lint]'")
    # The list of an option ends only at the next option: with the equals sign it takes one value,
    # and no template.
    sys.argv = ["cfn-lint", f"--append-rules={RULES}", *arguments]
    cfn_lint()


if __name__ == "__main__":
    main(sys.argv[1:])
