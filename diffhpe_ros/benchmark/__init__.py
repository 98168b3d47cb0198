"""The time of lifting, compared with a plain reference and with the limits of the hardware."""

from diffhpe_ros.benchmark.run import Benchmark, benchmark

__all__ = ["Benchmark", "benchmark"]
