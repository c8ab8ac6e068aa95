"""A pytest plugin: hypothesis tries the same examples always, and stops at the first that fails.

To find the smallest such example takes longer than all else, and nobody reads it.
"""

from hypothesis import Phase, settings

settings.register_profile(
    "mutation",
    database=None,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=settings.get_profile("ci").suppress_health_check,
)
settings.load_profile("mutation")
