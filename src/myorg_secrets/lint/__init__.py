"""Rules for cfn-lint that find misuse of MyOrg::Secrets::Password in templates.

Run `python -m myorg_secrets.lint template.yml`, or hand `RULES` to cfn-lint's --append-rules.
cfn-lint is needed for the rules alone: it comes with the extra `myorg-secrets[lint]`.
"""

from pathlib import Path

RULES = "myorg_secrets.lint.rules"
"""The module that cfn-lint loads the rules from."""

FOLDER = Path(__file__).parent / "rules"
"""The same as a folder, for tools that take only folders."""

SCHEMAS = Path(__file__).parent / "schemas"
"""A folder with the schema of the type and nothing else, as cfn-lint's --registry-schemas wants."""

GUIDE = "https://github.com/myorg/myorg-secrets-password/blob/main/guide"
"""Where the pages are that say more."""
