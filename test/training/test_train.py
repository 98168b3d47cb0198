"""Training from a configuration to a model folder, and resuming after an interruption."""

import csv
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from recorded_files import Human36MFiles
from waiting import wait_until

pytest.importorskip("lightning", reason="training needs the `train` extra")

from hydra.utils import get_object
from omegaconf import OmegaConf

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, build_model, load_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import BackboneConfig, DenoiserConfig
from diffhpe_ros.lifting.checkpoints.model_folders import load_with_config, weights_sha256
from diffhpe_ros.lifting.pipeline.variance_features import VARIANCE_FEATURES
from diffhpe_ros.lifting.pipeline.views import PersonView
from diffhpe_ros.training.datasets.batches import Batches, BatchPosition
from diffhpe_ros.training.datasets.labelled_windows import read_windows
from diffhpe_ros.training.modules.lifting_modules import LiftingModule, MixSTEModule
from diffhpe_ros.training.modules.pretrained_weights import load_pretrained_weights
from diffhpe_ros.training.optim import MuonAdamW, WarmupConstantDecay
from diffhpe_ros.training.runner.callbacks import VALIDATION, UncompiledValidation
from diffhpe_ros.training.runner.checkpointing import read_checkpoint
from diffhpe_ros.training.runner.configuration import (
    build,
    compose_configuration,
    experiments_folder,
)
from diffhpe_ros.training.runner.train import assemble, fit, train
from diffhpe_ros.training.synthesis.occlusions import occlusion

ROOT = Path(__file__).resolve().parents[2]
SMALL = [
    "++model.trunk={channels: 16, depth: 1, heads: 2, mlp_ratio: 2.0}",
    "data.batch_size=4",
    "trainer.val_check_interval=2",
    "progress=false",
]


@pytest.fixture(scope="module")
def mixste(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("mixste")
    settings = [*SMALL, *data, f"out={out}", "trainer.max_steps=4"]
    return train(compose_configuration("mixste", settings))


def test_run_keeps_what_it_takes_to_repeat_it(mixste):
    settings = OmegaConf.load(mixste.parent / "train.yaml")
    assert settings.trainer.max_steps == 4 and settings.data.batch_size == 4


def test_what_a_run_keeps_trains_the_same_again(mixste, tmp_path):
    kept = str(mixste.parent / "train.yaml")
    again = load_model(train(compose_configuration(kept, [f"out={tmp_path}"]))).state_dict()
    for name, value in load_model(mixste).state_dict().items():
        assert torch.equal(again[name], value), name
    with pytest.raises(DiffhpeError, match=r"train\.yaml: Key 'no' is not in struct"):
        compose_configuration(kept, ["no=1"])
    with pytest.raises(DiffhpeError, match="expected the configuration of a training"):
        compose_configuration(str(mixste / "config.yaml"), [])


def test_while_it_goes_on_a_training_leaves_a_whole_model(data, tmp_path):
    settings = [*SMALL, *data, f"out={tmp_path}", "trainer.max_steps=3", "save_every_s=0"]
    run = assemble(compose_configuration("mixste", settings))
    run.fit()
    averaged = run.average.weights()
    for name, value in load_model(tmp_path / "model").state_dict().items():
        assert torch.equal(averaged[name], value), name
    assert [place.name for place in tmp_path.glob("*model*")] == ["model"]


def test_validation_compiles_nothing():
    class Twice(torch.nn.Module):
        def forward(self, x):
            return 2 * x

    compiled = []

    def backend(graph, examples):
        compiled.append(graph)
        return graph.forward

    layer, callback = Twice(), UncompiledValidation()
    layer.compile(backend=backend)
    layer(torch.ones(3, 2))
    callback.on_validation_start(None, None)
    layer(torch.ones(5, 2))
    callback.on_validation_end(None, None)
    layer(torch.ones(3, 2))
    assert len(compiled) == 1
    layer(torch.ones(5, 2))
    assert len(compiled) == 2


def test_papers_own_training_is_known_at_a_gpus_size():
    of_paper = ["budget=gpu-published", "denoising=published", "optimisation=adam-decay"]
    settings = compose_configuration("diffhpe-wrapper", of_paper)
    windows = settings.trainer.max_steps * settings.data.batch_size
    assert windows == pytest.approx(58e6, rel=0.01)
    assert (settings.model.denoiser.prediction, settings.model.denoiser.pose_scale) == ("noise", 1)
    optimisation = build(settings.module.optimisation)
    optimizer = optimisation.optimizer(torch.nn.Linear(2, 2))
    assert type(optimizer) is torch.optim.Adam
    assert optimizer.defaults["lr"] == pytest.approx(6e-4)
    assert optimizer.defaults["weight_decay"] == pytest.approx(1e-6)


def test_trained_folder_is_a_model(mixste):
    _, config = load_with_config(mixste)
    assert config.input_view == "person"
    assert config.residual_std_mm is not None and len(config.residual_std_mm) == 17
    assert set(config.variance_features) == set(VARIANCE_FEATURES)
    assert config.coherence_limits is not None
    assert config.trained_range is not None and config.trained_range.farthest_m == 12.0
    assert Lifter.from_pretrained(mixste).lift(np.full((1, 27, 17, 2), 0.1)).poses.shape


def test_model_may_be_left_uncalibrated(data, mixste, tmp_path):
    settings = [*SMALL, *data, f"out={tmp_path}", "trainer.max_steps=4", "calibrate_every=0"]
    model, config = load_with_config(train(compose_configuration("mixste", settings)))
    assert config.residual_std_mm is None and not config.variance_features
    assert torch.equal(model.head.weight, load_model(mixste).head.weight)


@contextmanager
def interrupted_after(steps, monkeypatch):
    """Training in this context is interrupted after this number of steps."""
    begin = LiftingModule.on_train_batch_start

    def on_train_batch_start(self, batch, index):
        if self.global_step == steps:
            raise RuntimeError("the machine went down")
        return begin(self, batch, index)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="went down"):
        patch.setattr(LiftingModule, "on_train_batch_start", on_train_batch_start)
        yield


@pytest.mark.parametrize(
    ("experiment", "small"),
    [
        ("mixste", ["drop_path=0.3"]),
        ("diffhpe-2d", ["++model.denoiser={channels: 8, blocks: 1}", "dropout=0.3"]),
    ],
)
def test_interrupted_training_goes_on(data, tmp_path, monkeypatch, experiment, small):
    """Interrupted after 5 of 8 steps and run again: bit-identical to uninterrupted training."""

    def run(out: str) -> dict[str, torch.Tensor]:
        settings = [
            *(*SMALL, *data, *small, f"out={tmp_path / out}", "keep=last"),
            *("trainer.max_steps=8", "checkpoint_every=3"),
        ]
        if experiment != "mixste":
            settings.remove(SMALL[0])
        return load_model(train(compose_configuration(experiment, settings))).state_dict()

    whole = run("whole")
    with interrupted_after(5, monkeypatch):
        run("resumed")
    resumed, again = run("resumed"), run("resumed")  # the second time there is nothing left to do
    for name, value in whole.items():
        assert torch.equal(resumed[name], value), name
        assert torch.equal(again[name], value), name


def test_no_validation_is_lost_by_an_interruption(data, tmp_path, monkeypatch):
    """Interrupted right after a step that both saves and validates."""
    settings = [*SMALL, *data, "trainer.max_steps=8", "checkpoint_every=2", f"out={tmp_path}"]
    with interrupted_after(4, monkeypatch):
        train(compose_configuration("mixste", settings))
    states = read_checkpoint(tmp_path / "last.ckpt")["callbacks"]
    followed = states["ValidationMonitor"]
    best = next(state for name, state in states.items() if VALIDATION in name)
    assert float(best["current_score"]) == pytest.approx(followed["latest"])
    assert followed["best_step"] in (2, 4) and followed["latest"] is not None
    rows = list(csv.DictReader((tmp_path / "log" / "version_0" / "metrics.csv").open()))
    assert followed["latest"] == pytest.approx(float(rows[-1][VALIDATION]), rel=1e-5)


def test_training_goes_on_with_the_settings_it_began_with(data, tmp_path):
    settings = [*SMALL, *data, f"out={tmp_path}", "checkpoint_every=1"]
    train(compose_configuration("mixste", [*settings, "trainer.max_steps=2"]))
    with pytest.raises(DiffhpeError, match=r"another trainer\.max_steps: 2, now 4; choose"):
        train(compose_configuration("mixste", [*settings, "trainer.max_steps=4"]))


def test_best_weights_are_kept(data, tmp_path):
    """With a rate that destroys the weights, the first validation is better than the last."""
    settings = [
        *(*SMALL, *data, f"out={tmp_path}", "trainer.max_steps=8", "ema_decay=0.0"),
        *("module.optimisation.learning_rate=3.0", "module.optimisation.warmup=0.9"),
    ]
    trained = fit(compose_configuration("mixste", settings))
    rows = csv.DictReader((tmp_path / "log" / "version_0" / "metrics.csv").open())
    seen = [float(row[VALIDATION]) for row in rows if row[VALIDATION]]
    assert trained.mpjpe_mm == pytest.approx(min(seen), rel=1e-5)
    assert trained.mpjpe_mm < seen[-1]
    assert list((tmp_path / "log" / "version_0").glob("events.*"))  # TensorBoard's


def test_training_that_gets_no_better_ends(data, tmp_path):
    settings = [
        *(*SMALL, *data, f"out={tmp_path}", "trainer.max_steps=20", "checkpoint_every=1"),
        *("stop_after=0.2", "module.optimisation.learning_rate=1e-30"),
    ]
    train(compose_configuration("mixste", settings))
    # Best at the validation of step 2; a fifth of 20 steps later it has not improved.
    assert read_checkpoint(tmp_path / "last.ckpt")["global_step"] == 6


def test_training_begins_with_the_weights_of_another(data, mixste, tmp_path):
    settings = [
        *(*SMALL, *data, f"out={tmp_path}", f"start_from={mixste}", "trainer.max_steps=1"),
        *("module.optimisation.learning_rate=1e-30", "occlusion=leg"),
    ]
    weights = load_model(train(compose_configuration("mixste", settings))).state_dict()
    for name, value in load_model(mixste).state_dict().items():
        torch.testing.assert_close(weights[name], value)


def test_wrapper_without_a_share_of_its_backbone_gains_one(mixste):
    backbone, config = load_with_config(mixste)
    config = replace(
        config,
        architecture="diffhpe-wrapper",
        denoiser=DenoiserConfig(channels=8, blocks=1, prediction="pose"),
        backbone=BackboneConfig(mixste.name, weights_sha256(mixste)),
    )
    without = mixste.parent / "wrapper"
    save_model(build_model(config), config, without)
    gained = replace(config, denoiser=replace(config.denoiser, backbone_share=0.5))
    model = build_model(gained)
    load_pretrained_weights(model, gained, str(without))
    for name, value in backbone.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name


def test_training_does_not_begin_with_another_kind_of_model(data, mixste, tmp_path):
    settings = [*data, f"out={tmp_path}", f"start_from={mixste}"]
    with pytest.raises(DiffhpeError, match="its architecture is mixste; diffhpe-2d is expected"):
        train(compose_configuration("diffhpe-2d", settings))


def test_occlusions_hide_joints_in_training_and_validation(data, tmp_path):
    settings = compose_configuration("mixste", [*data, "data.batch_size=4"])
    whole = build(settings.data)
    occluded = whole.occluded(occlusion("frames", released=False), 0, PersonView())
    x_2d, poses = occluded.source.batch(0)
    assert ((x_2d == 0).flatten(2).all(2).sum(1) >= 5).all()
    # The view depends on the remaining joints: it is only turned a little.
    torch.testing.assert_close(poses.norm(dim=-1), whole.source.batch(0)[1].norm(dim=-1))
    torch.testing.assert_close(PersonView().to_model_view(x_2d)[0], x_2d, atol=2e-3, rtol=0)
    assert ((occluded.validation.x_2d == 0).all((2, 3)).sum(1) == 5).all()


@pytest.mark.parametrize("experiment", ["diffhpe-wrapper", "diffhpe-wrapper-published"])
def test_wrapper_keeps_its_backbone(data, mixste, tmp_path, experiment):
    settings = [
        *(*SMALL, *data, f"out={tmp_path}", f"backbone={mixste}", "trainer.max_steps=4"),
        *("++model.denoiser.channels=8", "++model.denoiser.blocks=1"),
    ]
    wrapper = load_model(train(compose_configuration(experiment, settings)))
    backbone = load_model(mixste)
    for name, value in backbone.trunk.state_dict().items():
        assert torch.equal(wrapper.trunk.state_dict()[name], value), name


def test_constant_rate_rises_and_falls_at_the_ends_alone():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    optimisation = WarmupConstantDecay(learning_rate=1.0, weight_decay=0.0, warmup=0.1, decay=0.2)
    schedule, rates = optimisation.schedule(optimizer, 100), []
    for _ in range(100):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates[:10] == pytest.approx([0.1 * step for step in range(1, 11)])
    assert rates[10:80] == [1.0] * 70
    assert rates[80:] == pytest.approx([0.05 * left for left in range(20, 0, -1)])


def test_optimizer_splits_matrices_from_the_rest():
    model = torch.nn.ModuleDict({"hidden": torch.nn.Linear(8, 8), "embed": torch.nn.Linear(2, 8)})
    optimizer = MuonAdamW(model.named_parameters(), lr=1e-2, weight_decay=0.0)
    assert [len(group["params"]) for group in optimizer.param_groups] == [3, 1]
    x, y = torch.randn(64, 2), torch.randn(64, 8)

    def loss() -> torch.Tensor:
        return (model["hidden"](model["embed"](x)) - y).square().mean()

    before = loss().item()
    for _ in range(20):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss().item() < before


def test_unknown_experiments_list_the_known_ones():
    with pytest.raises(
        DiffhpeError, match="unknown experiment 'mixest'; expected a train.yaml or one of .*mixste"
    ):
        compose_configuration("mixest", [])


def test_overrides_that_do_not_fit_are_refused():
    with pytest.raises(DiffhpeError, match="mixste: "):
        compose_configuration("mixste", ["data.batchsize=3"])


def test_missing_data_are_named(tmp_path):
    settings = ["data.mocap=/nowhere/mocap.npz", f"out={tmp_path}"]
    with pytest.raises(DiffhpeError, match=r"/nowhere/mocap\.npz: no such file"):
        train(compose_configuration("mixste", settings))


@pytest.mark.parametrize("budget", ["cpu", "gpu", "published"])
@pytest.mark.parametrize("name", sorted(file.stem for file in experiments_folder().glob("*.yaml")))
def test_experiments_go_with_every_budget(name, budget):
    if (name, budget) == ("diffpose", "published"):
        pytest.skip("its paper's batches and epochs are not known here")
    settings = compose_configuration(name, [f"budget={budget}", "optimisation=adam-plateau"])
    assert settings.name == name
    assert (settings.epochs is None) == (budget != "published")
    assert settings.module.optimisation.weight_decay == 1e-6


def test_damaged_checkpoint_is_named(data, tmp_path):
    settings = compose_configuration(
        "mixste",
        [*SMALL, *data, f"out={tmp_path}", "trainer.max_steps=2", "checkpoint_every=1"],
    )
    train(settings)
    whole = (tmp_path / "last.ckpt").read_bytes()
    (tmp_path / "last.ckpt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DiffhpeError, match=r"last\.ckpt: damaged.*replace it with previous\.ckpt"):
        train(settings)
    (tmp_path / "previous.ckpt").replace(tmp_path / "last.ckpt")
    train(settings)


def test_folder_that_cannot_be_written_is_named(data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DiffhpeError, match=r"cannot write to out=.*file/run"):
        train(compose_configuration("mixste", [*data, f"out={tmp_path}/file/run"]))


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_absent_gpu_is_named(data, tmp_path):
    settings = [*SMALL, *data, f"out={tmp_path}", "budget=gpu"]
    with pytest.raises(DiffhpeError, match="CUDA"):
        train(compose_configuration("mixste", settings))
    with pytest.raises(DiffhpeError, match="trainer: "):
        train(compose_configuration("mixste", [*settings, "data.device=cpu"]))


def failing(error: Exception):
    def step(self, batch, index):
        raise error

    return step


def test_gpu_that_vanishes_is_named(data, tmp_path, monkeypatch):
    error = RuntimeError("CUDA error: unspecified launch failure\nmore lines")
    monkeypatch.setattr(MixSTEModule, "training_step", failing(error))
    settings = compose_configuration("mixste", [*SMALL, *data, f"out={tmp_path}"])
    with pytest.raises(DiffhpeError, match=r"^the GPU failed at step 0: .*failure; the same .*$"):
        train(settings)


def test_divergence_is_named(data, tmp_path, monkeypatch):
    monkeypatch.setattr(MixSTEModule, "predict", lambda self, x: self.model(x) * torch.nan)
    settings = compose_configuration("mixste", [*SMALL, *data, f"out={tmp_path}"])
    with pytest.raises(DiffhpeError, match="diverged: at step 2"):
        train(settings)


class Numbers:
    batches_per_epoch = None

    def batch(self, index):
        return torch.tensor(index), torch.tensor(index)


def test_processes_share_the_batches():
    taken = [
        [
            int(x)
            for x, _ in itertools.islice(Batches(Numbers(), lambda r=r: BatchPosition(5, r, 2)), 3)
        ]
        for r in range(2)
    ]
    assert taken == [[10, 12, 14], [11, 13, 15]]


def two_processes(data: list[str], folder: Path, *settings: str) -> subprocess.Popen[str]:
    """A training by command line, since Lightning restarts it for each process."""
    script = folder / "diffhpe.py"
    script.write_text("from diffhpe_ros.cli import main\nmain()\n")
    settings = (
        *(*SMALL, *data, f"out={folder / 'run'}", *settings),
        *("trainer.strategy=ddp", "trainer.devices=2", "checkpoint_every=2"),
    )
    return subprocess.Popen(
        [sys.executable, script, "train", "--experiment", "mixste", *settings],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


@pytest.mark.slow
def test_two_processes_train_one_model(data, tmp_path):
    run = two_processes(data, tmp_path, "trainer.max_steps=4")
    _, errors = run.communicate(timeout=280)
    assert run.returncode == 0, errors
    assert load_model(tmp_path / "run" / "model") is not None
    assert read_checkpoint(tmp_path / "run" / "last.ckpt")["global_step"] == 4


@pytest.mark.slow
def test_sigterm_stops_both_processes_of_a_training(data, tmp_path):
    """The training can also be resumed."""
    run = two_processes(data, tmp_path, "trainer.max_steps=1000000")
    wait_until(lambda: (tmp_path / "run" / "last.ckpt").is_file() or run.poll() is not None, 120)
    run.send_signal(signal.SIGSTOP)
    time.sleep(1.0)  # until the other process waits for this one
    run.terminate()
    run.send_signal(signal.SIGCONT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode not in (0, -signal.SIGKILL), errors
    wait_until(lambda: not is_running(run.pid), 20)
    assert read_checkpoint(tmp_path / "run" / "last.ckpt")["global_step"] >= 2


def is_running(group: int) -> bool:
    """Whether a process of a process group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_published_training_counts_epochs_of_recordings(tmp_path):
    """S1 has three windows in each of four cameras: two batches of six an epoch."""
    files = Human36MFiles(tmp_path)
    files.write()
    settings = [
        *(f"data.data_3d={files.data_3d}", f"data.data_2d={files.data_2d}"),
        *(SMALL[0], "progress=false", "data.batch_size=6", "epochs=3", f"out={tmp_path / 'run'}"),
    ]
    trained = fit(compose_configuration("mixste-human36m", settings))
    _, config = load_with_config(trained.folder)
    assert config.input_view == "screen"
    rows = csv.DictReader((tmp_path / "run" / "log" / "version_0" / "metrics.csv").open())
    assert len([row for row in rows if row[VALIDATION]]) == 3 + 1  # each epoch's, and the last


@pytest.mark.parametrize(
    "file",
    [*sorted((ROOT / "config" / "train").rglob("*.yaml")), *ROOT.glob("models/*/train.yaml")],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_every_class_and_function_in_a_configuration_exists(file):
    for target in re.findall(r"^\s*_target_: (\S+)", file.read_text(), re.MULTILINE):
        get_object(target)


def test_file_names_without_a_folder_are_in_the_data_folder(mocap, tmp_path, monkeypatch):
    monkeypatch.setenv("DIFFHPE_DATA", str(mocap.parent))
    made = build(compose_configuration("mixste", ["data=cmu", "data.batch_size=2"]).data)
    assert made.source.batch(0)[0].shape == (2, 27, 17, 2)
    monkeypatch.chdir(mocap)
    overrides = ["data=cmu", "data.mocap=./cmu_h36m17_50hz.npz", "data.folder=/nowhere"]
    settings = compose_configuration("mixste", [*overrides, "data.validation=./cmu_test.npz"]).data
    assert len(build(settings).validation) == 2 * len(read_windows(mocap / "cmu_test.npz"))
