"""Phase: speed of lifting, as ratios in one run, next to the lower bounds."""

from functools import partial
from pathlib import Path

import torch

from bench.engines import lifters_of, measure
from diffhpe_ros.benchmark.run import PEOPLE, benchmark
from diffhpe_ros.benchmark.times import Spread, in_turn
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import DEFAULT_MODEL, ModelConfig, Preset, build_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, TrunkConfig
from gpu.context import Context
from gpu.equality import engines
from gpu.record import Record

TARGETS = (
    ("fast, one person", "ddim", 1, 1, 1, 0.7),
    ("5 x 5, one person", "ddim", 5, 5, 1, 2.0),
    ("5 x 5, ten people", "ddim", 5, 5, 10, 4.0),
    ("faithful, one person", "ddpm", 50, 5, 1, 25.0),
)
"""What is lifted; sampler, steps, hypotheses; people; target in milliseconds."""


LEAST_MS = 20.0
"""Least duration of a measurement; shorter ones are repeated."""


def run(context: Context, record: Record) -> None:
    """Targets first, then `diffhpe bench` for each engine, then the engines in turn."""
    model = str(_small_model(context.scratch / "small")) if context.tiny else DEFAULT_MODEL
    rounds, people = (1, (2,)) if context.tiny else (3, PEOPLE)
    for target in TARGETS:
        _target(context, record, model, *target)
    others = [] if context.tiny else [name for name in engines() if name != "reference"]
    for engine in ("auto", *others):
        if context.left_s > 0:
            _bench(context, record, model, engine, rounds, people)
    if context.left_s > 0:
        samplings = ((1, 1),) if context.tiny else ((1, 1), (5, 5))
        for row in measure(model, context.device, samplings, rounds)["rows"]:
            faster = row.pop("faster")
            record.row("bench/engines.py", **row, faster=_spread(Spread(**faster)))


def _target(
    context: Context, record: Record, model: str, name: str, sampler: str, steps: int,
    hypotheses: int, people: int, limit_ms: float,
) -> None:  # fmt: skip
    """Measure the engines in turn; a CPU has no target."""
    if context.tiny and (steps > 1 or people > 1):
        return
    x_2d = context.windows(people)
    lifters, _ = lifters_of(
        model, context.device, sampler=sampler, steps=steps, hypotheses=hypotheses
    )
    actions = [partial(lifter.lift, x_2d) for lifter in lifters.values()]
    rounds = 1 if context.tiny else 5 if steps > 5 else 15
    times = in_turn(actions, rounds, LEAST_MS)
    for engine, ms in zip(lifters, times.T, strict=True):
        spread = Spread.of(ms)
        record.row(
            "Targets, ms for all people together", what=name, engine=engine, ms=spread.median,
            spread=f"{spread.low:.3g} to {spread.high:.3g}", under=limit_ms,
            reached="yes" if spread.median < limit_ms else "no",
        )  # fmt: skip


def _bench(
    context: Context, record: Record, model: str, engine: str, rounds: int, people: tuple[int, ...]
) -> None:
    try:
        measured = benchmark(model, context.device, engine, people, rounds)
    except DiffhpeError as error:
        record.note(f"diffhpe bench --engine {engine}: {error}")
        return
    record.note(measured.table())
    for each in measured.presets:
        floor = each.floor
        record.row(
            f"diffhpe bench --device {context.device} --engine {engine}",
            preset=each.preset, sampling=each.sampling, ms=each.ms.median,
            faster=_spread(each.faster), floors=each.ms.median / floor.ms,
            operations_ms=floor.operations_ms, bytes_ms=floor.bytes_ms,
            launches=floor.launches, launches_ms=floor.launches_ms,
        )  # fmt: skip


def _spread(spread: Spread) -> str:
    return f"{spread.median:.1f} ({spread.low:.1f} to {spread.high:.1f})"


def _small_model(folder: Path) -> Path:
    """A wrapper that a dry run can time in seconds."""
    config = ModelConfig(
        "diffhpe-wrapper",
        trunk=TrunkConfig(channels=16, depth=1),
        denoiser=DenoiserConfig(channels=16, blocks=2, prediction="pose", pose_scale=0.25),
        presets={"fast": Preset("ddim", 1, 1)},
        default_preset="fast",
    )
    torch.manual_seed(0)
    save_model(build_model(config), config, folder)
    return folder
