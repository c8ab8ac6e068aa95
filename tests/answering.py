"""A client of AWS without AWS behind it, for answers that the emulator never gives."""

from collections.abc import Mapping
from typing import Any


class Answering:
    """A client of a Region whose calls are answered, or fail, by what is given for each.

    Attributes:
        asked: the parameters of each call.
    """

    class Meta:
        partition, region_name = "aws", "us-east-1"

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[dict[str, Any]] = []
        self.meta = self.Meta()

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.asked.append(parameters)
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call
