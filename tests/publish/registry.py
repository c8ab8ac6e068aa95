"""CloudFormation's registry, which moto 5.2.5 lacks: as much of it as submitting a type needs.

The answers have the form that botocore's description of the API gives them: moto writes them by
that. What the errors are called is from the same description; that a type which is not there is a
TypeNotFoundException of DescribeType was not seen on AWS.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import boto3
from moto.cloudformation.parsing import get_model_list
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from local.events import TYPE_NAME

HYPHENATED = TYPE_NAME.replace("::", "-")


class TypeNotFound(ServiceException):
    code = "TypeNotFoundException"
    message = "The specified type can't be found in the registry."


class RegistryFailed(ServiceException):
    code = "CFNRegistryException"


@dataclass
class Registry:
    """One type in one account and Region.

    Attributes:
        versions: the schema of each version that is live, by its ID.
        default: the ID of the default version.
        configuration: of the type, in JSON.
        requests: what each register_type asked for.
    """

    versions: dict[str, str] = field(default_factory=dict)
    default: str = ""
    configuration: str | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)

    def reset(self) -> None:
        """Have nothing registered."""
        vars(self).update(vars(Registry()))

    def publish(self, schema: str, count: int = 1, default: int = 1) -> None:
        """Have versions registered, all with one schema."""
        self.versions = {f"{number:08}": schema for number in range(1, count + 1)}
        self.default = f"{default:08}"

    def answer(self, response: CloudFormationResponse) -> ActionResult:
        """Answer one call."""
        operation = response._get_action()
        wanted = {name: response._get_param(name) for name in ("VersionId", "Arn")}
        arn = f"arn:aws:cloudformation:{response.region}:{response.current_account}:type/resource"
        method = getattr(self, f"_{operation}")
        return ActionResult(method(response, wanted, f"{arn}/{HYPHENATED}"))

    def _DescribeType(self, _: Any, wanted: Any, arn: str) -> dict[str, Any]:  # noqa: N802
        version = wanted["VersionId"] or self.default
        if version not in self.versions:
            raise TypeNotFound
        return {
            "Arn": f"{arn}/{version}",
            "Type": "RESOURCE",
            "TypeName": TYPE_NAME,
            "DefaultVersionId": self.default,
            "DeprecatedStatus": "LIVE",
            "Schema": self.versions[version],
        }

    def _ListTypeVersions(self, response: Any, _: Any, arn: str) -> dict[str, Any]:  # noqa: N802
        assert response._get_param("DeprecatedStatus") == "LIVE"
        ids = sorted(self.versions)
        start = int(response._get_param("NextToken") or 0)
        page = {
            "TypeVersionSummaries": [
                {
                    "Arn": f"{arn}/{version}",
                    "VersionId": version,
                    "IsDefaultVersion": version == self.default,
                }
                for version in ids[start : start + 20]
            ]
        }
        return page | ({"NextToken": str(start + 20)} if ids[start + 20 :] else {})

    def _BatchDescribeTypeConfigurations(  # noqa: N802
        self, *_: Any
    ) -> dict[str, Any]:
        kept = [] if self.configuration is None else [{"Configuration": self.configuration}]
        return {"TypeConfigurations": kept, "Errors": []}

    def _DeregisterType(self, _: Any, wanted: Any, arn: str) -> dict[str, Any]:  # noqa: N802
        if wanted["VersionId"] == self.default and len(self.versions) > 1:
            raise RegistryFailed(f"Version '{self.default}' is the default version.")
        del self.versions[wanted["VersionId"]]
        return {}

    def _RegisterType(self, response: Any, _: Any, arn: str) -> dict[str, Any]:  # noqa: N802
        if len(self.versions) >= 50:
            raise RegistryFailed("There are 50 versions already.")
        names = ("TypeName", "SchemaHandlerPackage", "ExecutionRoleArn")
        self.requests.append({name: response._get_param(name) for name in names})
        bucket, key = self.requests[-1]["SchemaHandlerPackage"].removeprefix("s3://").split("/")
        package = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            schema = archive.read("schema.json").decode()
        version = f"{max(map(int, self.versions), default=0) + 1:08}"
        self.versions[version] = schema
        self.default = self.default or version
        return {"RegistrationToken": "00000000-0000-0000-0000-000000000001"}

    def _DescribeTypeRegistration(self, _: Any, __: Any, arn: str) -> dict[str, Any]:  # noqa: N802
        return {
            "ProgressStatus": "COMPLETE",
            "TypeArn": arn,
            "TypeVersionArn": f"{arn}/{max(self.versions)}",
        }

    def _SetTypeDefaultVersion(self, _: Any, wanted: Any, arn: str) -> dict[str, Any]:  # noqa: N802
        self.default = wanted["Arn"].rpartition("/")[2]
        return {}


OPERATIONS = [name[1:] for name in vars(Registry) if name[1:2].isupper()]


@contextmanager
def plugged_in() -> Iterator[Registry]:
    """Have moto's CloudFormation answer for the registry meanwhile."""
    registry = Registry()
    get_model_list.cache_clear()  # or BucketPolicy would not be among them
    methods = {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]: (
            registry.answer
        )
        for name in OPERATIONS
    }
    with mock.patch.multiple(
        CloudFormationResponse,
        create=True,
        **{name: (lambda answer: lambda self: answer(self))(a) for name, a in methods.items()},
    ):
        yield registry


class BucketPolicy(CloudFormationModel):
    """A resource that the stack of `cfn submit` has and moto 5.2.5 lacks; nothing is kept of it."""

    physical_resource_id = "nothing"

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::S3::BucketPolicy"

    @classmethod
    def create_from_cloudformation_json(cls, *_: Any, **__: Any) -> BucketPolicy:
        return cls()
