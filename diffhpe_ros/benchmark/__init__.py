"""How long lifting takes, beside a plain reference and beside what the arithmetic allows."""

from diffhpe_ros.benchmark.run import Benchmark, benchmark

__all__ = ["Benchmark", "benchmark"]
