"""Phase: metrics of the trained models, next to those of their initial models."""

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows, read_windows
from diffhpe_ros.training.evaluation.figures import evaluate
from gpu.context import Context
from gpu.equality import shipped
from gpu.record import Record
from gpu.train import trained


def run(context: Context, record: Record) -> None:
    """Evaluate trained models first, each next to the shipped one with its name."""
    files = context.files()
    test, validation = read_windows(files.test), read_windows(files.validation)
    record.note(f"Test and validation windows: {len(test)} and {len(validation)}, {files.origin}.")
    found = sorted((context.scratch / "models").glob("*/model"))
    names = [folder.parent.name for folder in found]
    for name in [*names, *(name for name in shipped() if name not in names)]:
        if context.left_s <= 0:
            record.note(f"{name}: no time left.")
            continue
        if name in shipped() and not (context.tiny and names):
            _row(context, record, name, name, "shipped", test, validation)
        if name in names:
            _row(context, record, name, str(trained(context, name)), "trained", test, validation)


def _row(
    context: Context, record: Record, name: str, model: str, which: str, test: LabelledWindows,
    validation: LabelledWindows,
) -> None:  # fmt: skip
    try:
        lifter = Lifter.from_pretrained(model, context.device)
        figures = evaluate(lifter, test, progress=False)
        on_validation = evaluate(lifter, validation, progress=False).mpjpe_mm
    except DiffhpeError as error:
        record.check(f"{name}, {which}", False, str(error))
        return
    record.row(
        "Figures, mm", model=name, which=which, mpjpe=figures.mpjpe_mm,
        p_mpjpe=figures.p_mpjpe_mm, last_frame=figures.mpjpe_last_frame_mm,
        symmetry_gap=figures.symmetry_gap_mm, segment_std=figures.segment_std_mm,
        on_validation=on_validation,
    )  # fmt: skip
