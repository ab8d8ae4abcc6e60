"""A fake of the Python module amdsmi, with the functions of version 7.0.2.

``test_fake_amdsmi.py`` compares it with the source of the real module.
"""

import copy
import sys
from enum import IntEnum
from types import SimpleNamespace

from fructosa_exporter.gpus.amd.amd_smi import AMDSMI
from fructosa_exporter.gpus.driver import Driver
from fructosa_exporter.kernel import Kernel

MIB = 1024 * 1024
SILENT = "N/A"


class AmdSmiException(Exception):
    """The base class of all errors of AMD SMI."""


class AmdSmiLibraryException(AmdSmiException):
    """The library returned another status than success."""

    def __init__(self, err_code):
        super().__init__(err_code)
        self.err_code = abs(err_code)

    def __str__(self):
        return f"Error code:\n\t{self.err_code} | AMDSMI_STATUS_OF_A_TEST - Told so"


class AmdSmiRetryException(AmdSmiLibraryException):
    """The library requests a retry."""

    def __init__(self):
        super().__init__(9)


class AmdSmiTimeoutException(AmdSmiLibraryException):
    """The library timed out."""

    def __init__(self):
        super().__init__(8)


class AmdSmiParameterException(AmdSmiException):
    """An argument has the wrong type."""

    def __init__(self, received, wanted, msg=None):
        super().__init__(msg)
        self.err_code = None


class AmdSmiKeyException(AmdSmiException):
    """A key is missing."""

    def __init__(self, key):
        super().__init__()


class AmdSmiMemoryType(IntEnum):
    """Kinds of memory."""

    VRAM = 0
    VIS_VRAM = 1
    GTT = 2


class AmdSmiClkType(IntEnum):
    """Clocks."""

    SYS = 0
    GFX = 0
    MEM = 4
    VCLK0 = 6


class AmdSmiTemperatureType(IntEnum):
    """Positions of temperature sensors."""

    EDGE = 0
    HOTSPOT = 1
    JUNCTION = 1
    VRAM = 2


class AmdSmiTemperatureMetric(IntEnum):
    """Kinds of temperature values."""

    CURRENT = 0
    CRITICAL = 5
    EMERGENCY = 7


class AmdSmiInitFlags(IntEnum):
    """Kinds of processors to open."""

    INIT_AMD_GPUS = 2


_TEMPERATURES = {(1, 5): 100, (1, 7): 105, (2, 5): 108}
_FASTEST = {0: 2100, 4: 1300, 6: 1800}

# Results of a GPU with eight dies (metrics 1.5); "xcp_stats" is of metrics since 1.6.
RESULTS = {
    "amdsmi_get_gpu_device_bdf": "0000:c1:00.0",
    "amdsmi_get_gpu_device_uuid": "c1ff74a1-0000-1000-80d9-a3b7a8d5f6e1",
    "amdsmi_get_gpu_asic_info": {
        "market_name": "AMD Instinct MI300X",
        "asic_serial": "0x0123456789ABCDEF",
    },
    "amdsmi_get_gpu_board_info": {
        "product_name": "MI300X-O",
        "product_serial": "PCB0815",
    },
    "amdsmi_get_gpu_driver_info": {"driver_name": "amdgpu", "driver_version": "6.12.12"},
    "amdsmi_get_gpu_metrics_info": {
        "temperature_edge": SILENT,
        "temperature_hotspot": 61,
        "temperature_mem": 54,
        "average_gfx_activity": 87,
        "average_umc_activity": 12,
        "average_mm_activity": SILENT,
        "vcn_activity": [10, 30, SILENT, SILENT],
        "jpeg_activity": [0] * 8 + [SILENT] * 24,
        "current_socket_power": 640,
        "average_socket_power": SILENT,
        "current_gfxclk": 1200,
        "current_gfxclks": [2000, 2100, SILENT],
        "current_uclk": 1300,
        "current_vclk0": SILENT,
        "current_vclk0s": [29, 31],
        "average_gfxclk_frequency": SILENT,
        "average_uclk_frequency": SILENT,
        "average_vclk0_frequency": SILENT,
        "throttle_status": SILENT,
        "indep_throttle_status": SILENT,
        "ppt_residency_acc": 700,
        "socket_thm_residency_acc": 50,
        "prochot_residency_acc": 0,
        "vr_thm_residency_acc": 0,
        "hbm_thm_residency_acc": SILENT,
        "xcp_stats.vcn_busy": [[SILENT] * 4] * 8,
        "xcp_stats.jpeg_busy": [[SILENT] * 32] * 8,
    },
    "amdsmi_get_gpu_memory_total": lambda kind: {AmdSmiMemoryType.VRAM: 196592 * MIB}[kind],
    "amdsmi_get_gpu_memory_usage": lambda kind: {AmdSmiMemoryType.VRAM: 4096 * MIB}[kind],
    "amdsmi_get_gpu_vram_usage": {"vram_total": 196592, "vram_used": 4096},
    "amdsmi_get_temp_metric": lambda place, metric: _TEMPERATURES[place, metric],
    "amdsmi_get_power_info": {"current_socket_power": 640, "average_socket_power": SILENT},
    "amdsmi_get_power_cap_info": {"power_cap": 750_000_000},
    "amdsmi_get_energy_count": {"energy_accumulator": 2_000_000_000, "counter_resolution": 15.0},
    "amdsmi_get_clock_info": lambda clock: {"clk": 1, "max_clk": _FASTEST[clock]},
    "amdsmi_get_gpu_fan_speed": lambda sensor: [51][sensor],
    "amdsmi_get_gpu_fan_speed_max": lambda sensor: [255][sensor],
    "amdsmi_get_pcie_info": {
        "pcie_static": {
            "max_pcie_width": 16,
            "max_pcie_speed": 32000,
            "pcie_interface_version": 5,
        },
        "pcie_metric": {"pcie_width": 8, "pcie_speed": 16000, "pcie_replay_count": 65535},
    },
    "amdsmi_get_gpu_total_ecc_count": {"correctable_count": 3, "uncorrectable_count": 1},
    "amdsmi_get_gpu_ecc_enabled": 0b101,
    "amdsmi_get_gpu_bad_page_info": [{"value": 0, "status": 0}, {"value": 1, "status": 1}],
    "amdsmi_get_gpu_process_list": [
        {"name": "python", "pid": 42, "mem": 9, "memory_usage": {"vram_mem": 2048 * MIB}},
        {"name": "hpl", "pid": 43, "mem": 1024 * MIB},
    ],
}


class Card:
    """A GPU with its results by function; exceptions are raised."""

    def __init__(self, **results):
        self.results = copy.deepcopy(RESULTS) | results

    def set_metrics(self, **metrics):
        """Change some of the metrics."""
        self.results["amdsmi_get_gpu_metrics_info"] |= metrics

    def all_raise(self, error):
        """Let each function raise *error*."""
        self.results = dict.fromkeys(self.results, error)


class FakeAmdSmi:
    """The fake module. ``calls`` are the called functions in order."""

    AmdSmiException = AmdSmiException
    AmdSmiLibraryException = AmdSmiLibraryException
    AmdSmiRetryException = AmdSmiRetryException
    AmdSmiTimeoutException = AmdSmiTimeoutException
    AmdSmiParameterException = AmdSmiParameterException
    AmdSmiKeyException = AmdSmiKeyException
    AmdSmiMemoryType = AmdSmiMemoryType
    AmdSmiClkType = AmdSmiClkType
    AmdSmiTemperatureType = AmdSmiTemperatureType
    AmdSmiTemperatureMetric = AmdSmiTemperatureMetric
    AmdSmiInitFlags = AmdSmiInitFlags

    def __init__(self, *cards):
        self.cards = cards
        self.calls = []
        self.init_error = None

    def amdsmi_init(self, flag=AmdSmiInitFlags.INIT_AMD_GPUS):
        self.calls.append("amdsmi_init")
        if self.init_error:
            raise self.init_error

    def amdsmi_shut_down(self):
        self.calls.append("amdsmi_shut_down")

    def amdsmi_get_processor_handles(self):
        self.calls.append("amdsmi_get_processor_handles")
        return [SimpleNamespace(card=card) for card in self.cards]

    def amdsmi_get_gpu_device_bdf(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_gpu_device_uuid(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_gpu_asic_info(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_gpu_board_info(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_gpu_driver_info(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_gpu_metrics_info(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_gpu_memory_total(self, processor_handle, mem_type):
        return self._answer(processor_handle, mem_type)

    def amdsmi_get_gpu_memory_usage(self, processor_handle, mem_type):
        return self._answer(processor_handle, mem_type)

    def amdsmi_get_gpu_vram_usage(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_temp_metric(self, processor_handle, sensor_type, metric):
        return self._answer(processor_handle, sensor_type, metric)

    def amdsmi_get_power_info(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_power_cap_info(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_energy_count(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_clock_info(self, processor_handle, clock_type):
        return self._answer(processor_handle, clock_type)

    def amdsmi_get_gpu_fan_speed(self, processor_handle, sensor_idx):
        return self._answer(processor_handle, sensor_idx)

    def amdsmi_get_gpu_fan_speed_max(self, processor_handle, sensor_idx):
        return self._answer(processor_handle, sensor_idx)

    def amdsmi_get_pcie_info(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_gpu_total_ecc_count(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_gpu_ecc_enabled(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_gpu_bad_page_info(self, processor_handle):
        return self._answer(processor_handle)

    def amdsmi_get_gpu_process_list(self, processor_handle):
        return self._answer(processor_handle)

    def _answer(self, processor_handle, *arguments):
        function = sys._getframe(1).f_code.co_name
        self.calls.append(function)
        answer = processor_handle.card.results[function]
        if isinstance(answer, Exception):
            raise answer
        return answer(*arguments) if callable(answer) else copy.deepcopy(answer)


class AmdNode:
    """A node with AMD's driver in a tree below *root*, and a clock that tests advance."""

    def __init__(self, root, *cards, load=None):
        self.root, self.now_s = root, 1000.0
        self.smi = FakeAmdSmi(*cards)
        (root / "sys/module/amdgpu").mkdir(parents=True)
        (root / "sys/module/amdgpu/refcnt").write_text("1\n")
        for card in cards:
            self.bound(card).mkdir(parents=True)
        library = AMDSMI(Kernel(root), load or (lambda: self.smi), lambda: self.now_s)
        self.driver = Driver(library, lambda: self.now_s)

    def bound(self, card):
        """Return the entry of a card in the folder of the driver amdgpu."""
        return self.root / "sys/bus/pci/drivers/amdgpu" / card.results["amdsmi_get_gpu_device_bdf"]


UUIDS = ("uuid-of-the-first", "uuid-of-the-second")


def card(index):
    """Return a GPU with its own address and UUID."""
    return Card(
        amdsmi_get_gpu_device_bdf=f"0000:c{index}:00.0", amdsmi_get_gpu_device_uuid=UUIDS[index]
    )


def raising(error):
    """Return a function that raises *error*."""

    def call(*_):
        raise error

    return call
