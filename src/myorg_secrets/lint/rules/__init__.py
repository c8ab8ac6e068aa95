"""The rules, one class each. cfn-lint finds them in this module and in its folder."""

from .engines import EngineFits, EngineIsNamed, IdentifierIsNoPassword
from .leaks import (
    MetadataHideNothing,
    NestedParametersHideNothing,
    OutputsHideNothing,
    ProgramsReadThemselves,
    PropertyHidesNothing,
    TypeIsUnknown,
)
from .properties import (
    AttributeExists,
    NoRecovery,
    PropertiesAreRight,
    SecretStringIsReadable,
    ValueIsReturned,
)

__all__ = [
    "AttributeExists",
    "EngineFits",
    "EngineIsNamed",
    "IdentifierIsNoPassword",
    "MetadataHideNothing",
    "NestedParametersHideNothing",
    "NoRecovery",
    "OutputsHideNothing",
    "ProgramsReadThemselves",
    "PropertiesAreRight",
    "PropertyHidesNothing",
    "SecretStringIsReadable",
    "TypeIsUnknown",
    "ValueIsReturned",
]
