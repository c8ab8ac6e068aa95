"""How the tests search: the same cases every time. `make fuzz` is what goes on searching."""

from hypothesis import HealthCheck, Phase, settings

QUICK = settings(
    derandomize=True,
    database=None,
    deadline=None,
    # Why a case fails is for people to find out: hypothesis' own way takes minutes.
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
