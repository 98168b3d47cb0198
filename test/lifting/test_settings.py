"""The settings of a lifter: each has one name, one default and one place."""

from dataclasses import fields

import click
import pytest

from diffhpe_ros.cli.options import decode_option, sampling_options
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, LifterOptions, SamplingConfig
from diffhpe_ros.lifting.pipeline.presets import DEFAULT_PRESETS, Preset
from diffhpe_ros.lifting.settings import read_settings
from diffhpe_ros.nodes.model_loading import options_of, sampling_of
from diffhpe_ros.nodes.parameters.tables import LifterParameters


def test_keyword_arguments_are_sorted_into_sampling_and_options():
    sampling, options = read_settings({"steps": 2, "seed": 7, "preset": "fast"})
    assert sampling == SamplingConfig(steps=2, preset="fast")
    assert options == LifterOptions(seed=7)


def test_unknown_setting_is_refused_with_the_known_ones(golden_mixste):
    with pytest.raises(DiffhpeError, match="unknown setting 'step'; expected one of preset, sampl"):
        Lifter.from_pretrained(golden_mixste, step=5)


def test_preset_is_resolved_with_what_differs_from_it():
    sampling = SamplingConfig(preset="fast", hypotheses=3)
    found = sampling.resolve(DEFAULT_PRESETS, "balanced")
    assert found == Preset("ddim", steps=2, hypotheses=3)
    assert SamplingConfig().resolve(DEFAULT_PRESETS, "balanced") == DEFAULT_PRESETS["balanced"]


@pytest.mark.parametrize(
    ("sampling", "message"),
    [
        (SamplingConfig(preset="nosuch"), "unknown preset 'nosuch'; expected one of fast, bal"),
        (SamplingConfig(hypotheses=0), "hypotheses must be at least 1, got 0"),
    ],
)
def test_impossible_sampling_is_refused(sampling, message):
    with pytest.raises(DiffhpeError, match=message):
        sampling.resolve(DEFAULT_PRESETS, "fast")


@pytest.mark.parametrize(
    ("model", "settings", "expected"),
    [
        ("mixste", {"steps": 5, "start": "previous"}, ["without effect on mixste: steps, start"]),
        ("mixste", {"augmentation": "flip", "seed": 1}, []),
        (
            "diffpose",
            {"preset": "fast", "start": "previous"},
            ["without effect on diffpose: start"],
        ),
        ("diffhpe-wrapper", {"preset": "fast", "start": "previous"}, []),
    ],
)
def test_settings_that_a_model_does_not_use_cause_a_warning(model, settings, expected):
    assert Lifter.from_pretrained(model, **settings).warnings == expected


def test_command_line_has_the_settings_with_their_defaults():
    @click.command()
    @sampling_options
    @decode_option("free")
    def command() -> None:
        pass

    settings = {each.name: each.default for kind in (SamplingConfig, LifterOptions)
                for each in fields(kind)}  # fmt: skip
    options = command.make_context("command", []).params
    assert set(settings) - set(options) == {"device", "kernels", "fuse"}
    assert options == {name: settings[name] for name in options}


def test_nodes_parameters_hold_every_setting():
    parameters = LifterParameters(preset="auto", steps=4, engine="folded", seed=3)
    assert sampling_of(parameters) == SamplingConfig(steps=4)
    options = options_of(parameters)
    assert (options.engine, options.seed) == ("folded", 3)
