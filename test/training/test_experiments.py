"""The experiments: recipes, tables, heat maps, and the document that they are written to."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from walk_recording import write_walk

pytest.importorskip("hydra", reason="experiments need the `train` extra")

from diffhpe_ros.cli.measure import EXPERIMENTS as COMMANDS
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import ModelConfig, build_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import TrunkConfig
from diffhpe_ros.lifting.diffusion.samplers import create_sampler
from diffhpe_ros.lifting.models.diffpose.config import DiffPoseConfig
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows
from diffhpe_ros.training.experiments import diffpose, heatmaps, sampling
from diffhpe_ros.training.experiments.cache import (
    ExperimentCache,
    ShippedModels,
    TrainedModels,
    TrainMissingModels,
)
from diffhpe_ros.training.experiments.document import (
    markdown_table,
    section,
    write_csv,
    write_section,
)
from diffhpe_ros.training.experiments.recipes import PATTERNS, recipe, recipes
from diffhpe_ros.training.experiments.reproduce import DOCUMENTS, EXPERIMENTS, reproduce
from diffhpe_ros.training.experiments.tables import TABLE_2_ROWS, table_4_models
from diffhpe_ros.training.runner.configuration import compose_configuration

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_model_of_the_tables_has_a_recipe():
    known = recipes("cpu")
    of_table_2 = {row.model for row in TABLE_2_ROWS}
    assert of_table_2 | set(diffpose.INITIALIZATIONS) <= set(known)
    for pattern in ("none", *PATTERNS):
        assert set(table_4_models(pattern)) <= set(known)


@pytest.mark.parametrize("budget", ["cpu", "gpu"])
@pytest.mark.parametrize("name", recipes("cpu"))
def test_configuration_of_every_recipe_can_be_composed(name, budget):
    how = recipe(name, budget)
    assert compose_configuration(how.experiment, [f"budget={budget}", *how.overrides]).name


def test_what_a_recipe_needs_has_a_recipe_and_comes_first():
    known = recipes("cpu")

    def depth(name: str) -> int:
        return 1 + max((depth(needed) for needed in known[name].needs), default=0)

    assert {name: depth(name) for name in ("mixste", "diffhpe-wrapper", "diffhpe-wrapper-leg")} == {
        "mixste": 1,
        "diffhpe-wrapper": 2,
        "diffhpe-wrapper-leg": 3,
    }


def test_models_tuned_to_a_pattern_have_the_same_budget():
    budgets = {
        tuple(override for override in recipe(name, "cpu").overrides if "draws" not in override)
        for name in table_4_models("leg")
    }
    assert len(budgets) == 1


def test_unknown_model_is_refused():
    with pytest.raises(DiffhpeError, match="unknown model 'resnet'; expected one of mixste"):
        recipe("resnet", "cpu")


def test_sections_are_replaced_between_their_marks(tmp_path):
    document = tmp_path / "results.md"
    document.write_text("before\n<!-- begin a -->\nold\n<!-- end a -->\nafter\n")
    write_section(document, "a", "new\n")
    write_section(document, "a", "newer\n")
    assert document.read_text() == "before\n<!-- begin a -->\nnewer\n<!-- end a -->\nafter\n"


def test_document_without_the_marks_is_refused_and_left_alone(tmp_path):
    document = tmp_path / "results.md"
    document.write_text("text\n")
    with pytest.raises(DiffhpeError, match="expected the marks <!-- begin a -->"):
        write_section(document, "a", "new")
    assert document.read_text() == "text\n"
    with pytest.raises(DiffhpeError, match=r"missing\.md: No such file"):
        write_section(tmp_path / "missing.md", "a", "new")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_has_a_section_in_the_documents(name):
    before, after = section(DOCS / DOCUMENTS[name], name)
    assert f"diffhpe reproduce {name}" in before + after  # its command is named beside it


def test_long_tables_are_written_as_csv(tmp_path):
    write_csv(tmp_path / "a.csv", ["model", "error, mm"], [["MixSTE", "54.8"]])
    assert (tmp_path / "a.csv").read_text() == 'model,"error, mm"\nMixSTE,54.8\n'
    with pytest.raises(DiffhpeError, match=r"missing/a\.csv: No such file"):
        write_csv(tmp_path / "missing" / "a.csv", [], [])


def test_tables_are_markdown():
    assert markdown_table(["model", "mm"], [["MixSTE", "54.8"]]) == (
        "| model | mm |\n| --- | ---: |\n| MixSTE | 54.8 |"
    )


def pixels(file: Path, colour: tuple[int, int, int]) -> int:
    """How many pixels of a picture have exactly this colour (red, green, blue)."""
    return int((cv2.imread(str(file))[..., ::-1] == colour).all(-1).sum())


def test_heat_maps_show_which_model_is_better(tmp_path):
    mixste = np.arange(25.0).reshape(5, 5) + 40
    darkest_red, darkest_blue = (103, 0, 31), (5, 48, 97)
    better, worse = tmp_path / "images" / "better.png", tmp_path / "images" / "worse.png"
    heatmaps.draw(mixste, mixste - 3, "MPJPE, mm", better)
    heatmaps.draw(mixste, mixste + 3, "MPJPE, mm", worse)
    assert min(pixels(better, darkest_blue), pixels(worse, darkest_red)) > 50_000
    assert pixels(better, darkest_red) == pixels(worse, darkest_blue) == 0


def test_curves_of_samplers_are_drawn(tmp_path):
    figures = dict.fromkeys(sampling.PANELS, 40.0)
    presets = [Preset("ddim", steps, 5) for steps in (1, 5, 50)]
    points = [sampling.SamplingPoint(preset, 10.0 * preset.steps, figures) for preset in presets]
    first_line, second_line = (31, 119, 180), (255, 127, 14)  # matplotlib's colours
    one, two = tmp_path / "images" / "one.png", tmp_path / "images" / "two.png"
    sampling.draw({"DDIM": points}, one)
    sampling.draw({"DDIM": points, "DDPM": points[:2]}, two)
    assert pixels(one, first_line) > 100 and pixels(one, second_line) == 0
    assert pixels(two, second_line) > 100


def test_all_points_of_the_curves_are_in_the_csv_and_some_in_the_table(tmp_path, monkeypatch):
    few = {"DDIM, 5 hypotheses": tuple(Preset("ddim", steps, 1) for steps in (1, 3))}
    monkeypatch.setattr(sampling, "CURVES", few)
    rng = np.random.default_rng(0)
    windows = LabelledWindows(
        0.1 * rng.normal(size=(1, 27, 17, 2)).astype(np.float32),
        rng.normal(size=(1, 27, 17, 3)).astype(np.float32),
    )
    cache = ExperimentCache(ShippedModels(), windows, "windows", tmp_path / "figures")
    text = sampling.sampling_section(cache, tmp_path / "sampling.md")
    rows = (tmp_path / "sampling.csv").read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [["DDIM", "1"], ["DDIM", "3"]]
    assert "| DDIM | 1 | 1 |" in text and "| DDIM | 3 |" not in text
    assert (tmp_path / "images" / "sampling.png").is_file()


def test_every_way_to_sample_can_be_made():
    for presets in sampling.CURVES.values():
        for preset in presets:
            create_sampler(preset.sampler, preset.steps)


def test_command_line_knows_the_experiments():
    assert set(COMMANDS) == set(EXPERIMENTS)


def test_what_is_not_there_is_not_run(tmp_path):
    document = tmp_path / "results.md"
    document.write_text("<!-- begin table-4 -->\n<!-- end table-4 -->\n")
    windows = LabelledWindows(
        np.ones((1, 27, 17, 2), np.float32), np.zeros((1, 27, 17, 3), np.float32)
    )
    cache = ExperimentCache(TrainedModels(tmp_path), windows, "windows", tmp_path / "figures")
    text = reproduce("table-4", cache, Preset("ddim", 1, 1), document)
    assert "| leg | not run | not run | not run | 55.1 |" in text


def small_diffpose(folder: Path) -> None:
    config = ModelConfig(
        "diffpose",
        trunk=TrunkConfig(channels=8, depth=1, heads=2),
        diffpose=DiffPoseConfig(channels=8, blocks=1, heads=2),
    )
    model = build_model(config)
    torch.nn.init.normal_(model.denoiser.output.linear.weight)  # zero before any training
    save_model(model, config, folder)


def test_what_diffpose_is_unsure_of_is_measured(tmp_path):
    small_diffpose(tmp_path / "diffpose" / "model")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 27, 17, 2)).astype(np.float32)
    windows = LabelledWindows(x, np.zeros((2, 27, 17, 3), np.float32))
    document = tmp_path / "results.md"
    document.write_text("<!-- begin diffpose -->\n<!-- end diffpose -->\n")
    cache = ExperimentCache(TrainedModels(tmp_path), windows, "windows", tmp_path / "figures")
    text = reproduce("diffpose", cache, Preset("ddim", 1, 1), document)
    (leg,) = (line for line in text.splitlines() if line.startswith("| leg |"))
    assert all(int(number) > 0 for number in leg.split("|")[2:4])
    assert "| DiffHPE-2D | not run |" in text


@pytest.mark.slow
def test_table_is_trained_measured_and_written(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 27, 17, 2)).astype(np.float32)
    y = rng.normal(size=(4, 27, 17, 3)).astype(np.float32)
    np.savez(tmp_path / "validation.npz", x=x, y=y - y[:, :, :1])
    overrides = [
        "++model.trunk={channels: 8, depth: 1, heads: 2, mlp_ratio: 2.0}",
        "++model.denoiser.channels=8",
        "++model.denoiser.blocks=1",
        "trainer.max_steps=2",
        "data.batch_size=3",
        "progress=false",
        f"data.mocap={write_walk(tmp_path)}",
        f"data.validation={tmp_path}/validation.npz",
    ]
    document = tmp_path / "results.md"
    document.write_text("<!-- begin table-2 -->\n<!-- end table-2 -->\n")
    runs, windows = tmp_path / "runs", LabelledWindows(x, y)
    models = TrainMissingModels(runs, "cpu", overrides)
    cache = ExperimentCache(models, windows, "these windows", runs / "figures")
    text = reproduce("table-2", cache, Preset("ddim", 1, 1), document)
    for row in TABLE_2_ROWS:
        assert row.title in text and row.title in document.read_text()

    as_they_are = ExperimentCache(TrainedModels(runs), windows, "these windows", runs / "figures")
    assert reproduce("table-2", as_they_are, Preset("ddim", 1, 1), document) == text
