"""Another function under the profiler, from its third event on.

The function is BENCH_PROFILED, as MODULE:FUNCTION; what is found is written to BENCH_PROFILE at the
end. Time is the processor's, so that neither answers nor other programs are waited for.
"""

import atexit
import cProfile
import os
import time
from functools import partial
from importlib import import_module
from typing import Any

WARM_AFTER = 2

_module, _, _name = os.environ["BENCH_PROFILED"].partition(":")
_function = getattr(import_module(_module), _name)
_profiler = cProfile.Profile(time.process_time)
_served = 0
atexit.register(_profiler.dump_stats, os.environ["BENCH_PROFILE"])


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Serve an event."""
    global _served
    _served += 1
    run: Any = _function if _served <= WARM_AFTER else partial(_profiler.runcall, _function)
    answer: dict[str, Any] = run(event, context)
    return answer
