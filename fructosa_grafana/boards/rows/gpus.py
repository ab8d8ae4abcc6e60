"""GPUs, as far as most want to see them; the dashboard of GPUs has the rest."""

from ...panels import Row
from .gpu_errors import XIDS
from .gpu_heat import TEMPERATURES, THROTTLED
from .gpu_work import BUSY, MEMORY, POWER
from .lines import FOLDED

GPUS = Row("GPUs", (BUSY, MEMORY, POWER, TEMPERATURES, THROTTLED, XIDS), folded_in=FOLDED)
