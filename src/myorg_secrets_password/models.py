# DO NOT modify this file by hand, changes will be overwritten
from dataclasses import dataclass

from cloudformation_cli_python_lib.interface import (
    BaseModel,
    BaseResourceHandlerRequest,
)
from cloudformation_cli_python_lib.recast import recast_object
from cloudformation_cli_python_lib.utils import deserialize_list

import sys
from inspect import getmembers, isclass
from typing import (
    AbstractSet,
    Any,
    Generic,
    Mapping,
    MutableMapping,
    Optional,
    Sequence,
    Type,
    TypeVar,
)

T = TypeVar("T")


def set_or_none(value: Optional[Sequence[T]]) -> Optional[AbstractSet[T]]:
    if value:
        return set(value)
    return None


@dataclass
class ResourceHandlerRequest(BaseResourceHandlerRequest):
    # pylint: disable=invalid-name
    desiredResourceState: Optional["ResourceModel"]
    previousResourceState: Optional["ResourceModel"]
    typeConfiguration: Optional["TypeConfigurationModel"]


@dataclass
class ResourceModel(BaseModel):
    TableName: Optional[str]
    StackName: Optional[str]
    Env: Optional[str]
    Name: Optional[str]
    KeyId: Optional[str]
    Engine: Optional[str]
    PasswordLength: Optional[int]
    ExcludeCharacters: Optional[str]
    ExcludeLowercase: Optional[bool]
    ExcludeUppercase: Optional[bool]
    ExcludeNumbers: Optional[bool]
    ExcludePunctuation: Optional[bool]
    IncludeSpace: Optional[bool]
    RequireEachIncludedType: Optional[bool]
    AllowedCharacters: Optional[str]
    RotationToken: Optional[str]
    SecretString: Optional[str]
    RecoveryWindowInDays: Optional[int]
    Description: Optional[str]
    Tags: Optional[Sequence["_Tag"]]
    ReturnValue: Optional[bool]
    Value: Optional[str]
    VersionId: Optional[str]
    CreatedTime: Optional[str]
    LastRotatedTime: Optional[str]

    @classmethod
    def _deserialize(
        cls: Type["_ResourceModel"],
        json_data: Optional[Mapping[str, Any]],
    ) -> Optional["_ResourceModel"]:
        if not json_data:
            return None
        dataclasses = {n: o for n, o in getmembers(sys.modules[__name__]) if isclass(o)}
        recast_object(cls, json_data, dataclasses)
        return cls(
            TableName=json_data.get("TableName"),
            StackName=json_data.get("StackName"),
            Env=json_data.get("Env"),
            Name=json_data.get("Name"),
            KeyId=json_data.get("KeyId"),
            Engine=json_data.get("Engine"),
            PasswordLength=json_data.get("PasswordLength"),
            ExcludeCharacters=json_data.get("ExcludeCharacters"),
            ExcludeLowercase=json_data.get("ExcludeLowercase"),
            ExcludeUppercase=json_data.get("ExcludeUppercase"),
            ExcludeNumbers=json_data.get("ExcludeNumbers"),
            ExcludePunctuation=json_data.get("ExcludePunctuation"),
            IncludeSpace=json_data.get("IncludeSpace"),
            RequireEachIncludedType=json_data.get("RequireEachIncludedType"),
            AllowedCharacters=json_data.get("AllowedCharacters"),
            RotationToken=json_data.get("RotationToken"),
            SecretString=json_data.get("SecretString"),
            RecoveryWindowInDays=json_data.get("RecoveryWindowInDays"),
            Description=json_data.get("Description"),
            Tags=deserialize_list(json_data.get("Tags"), Tag),
            ReturnValue=json_data.get("ReturnValue"),
            Value=json_data.get("Value"),
            VersionId=json_data.get("VersionId"),
            CreatedTime=json_data.get("CreatedTime"),
            LastRotatedTime=json_data.get("LastRotatedTime"),
        )


# work around possible type aliasing issues when variable has same name as a model
_ResourceModel = ResourceModel


@dataclass
class Tag(BaseModel):
    Key: Optional[str]
    Value: Optional[str]

    @classmethod
    def _deserialize(
        cls: Type["_Tag"],
        json_data: Optional[Mapping[str, Any]],
    ) -> Optional["_Tag"]:
        if not json_data:
            return None
        return cls(
            Key=json_data.get("Key"),
            Value=json_data.get("Value"),
        )


# work around possible type aliasing issues when variable has same name as a model
_Tag = Tag


@dataclass
class TypeConfigurationModel(BaseModel):
    TableName: Optional[str]
    KeyId: Optional[str]
    RecoveryWindowInDays: Optional[str]
    ReturnValue: Optional[str]

    @classmethod
    def _deserialize(
        cls: Type["_TypeConfigurationModel"],
        json_data: Optional[Mapping[str, Any]],
    ) -> Optional["_TypeConfigurationModel"]:
        if not json_data:
            return None
        return cls(
            TableName=json_data.get("TableName"),
            KeyId=json_data.get("KeyId"),
            RecoveryWindowInDays=json_data.get("RecoveryWindowInDays"),
            ReturnValue=json_data.get("ReturnValue"),
        )


# work around possible type aliasing issues when variable has same name as a model
_TypeConfigurationModel = TypeConfigurationModel


