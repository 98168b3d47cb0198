"""A student learns to replace several of its teacher's steps by one."""

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("lightning", reason="training needs the `train` extra")

import lightning
from walk_recording import write_walk

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, ModelConfig, build_model, load_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, TrunkConfig
from diffhpe_ros.lifting.diffusion.parameterisation import Prediction
from diffhpe_ros.lifting.diffusion.samplers import DDIM, NoisedPose
from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.training.modules.distillation import DistillationModule, VisitedSteps
from diffhpe_ros.training.runner.configuration import compose_configuration
from diffhpe_ros.training.runner.train import train


def config_of(prediction: str) -> ModelConfig:
    return ModelConfig(
        "diffhpe-wrapper",
        input_view="person",
        trunk=TrunkConfig(channels=16, depth=1, heads=2),
        denoiser=DenoiserConfig(channels=16, blocks=2, prediction=prediction, pose_scale=0.28),
    )


def teacher_that_answers(folder: Path, prediction: str = "pose") -> Path:
    """A small model with random weights, also in the last layer."""
    torch.manual_seed(0)
    model = build_model(config_of(prediction))
    torch.nn.init.normal_(model.denoiser.output_projection2.weight, std=5.0)
    save_model(model, config_of(prediction), folder)
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory) -> Path:
    return teacher_that_answers(tmp_path_factory.mktemp("teacher"))


def student_of(teacher: Path, prediction: str = "pose", **steps: int) -> DistillationModule:
    config = config_of(prediction)
    return DistillationModule(
        teacher=str(teacher),
        model=build_model(config),
        config=config,
        optimisation=lambda module: torch.optim.Adam(module.model.parameters(), 1e-3),
        **steps,
    )


def draw(seed: int = 0) -> torch.Tensor:
    return torch.randn(3, 27, 17, 3, generator=torch.Generator().manual_seed(seed))


def target_at(module: DistillationModule, x_t: torch.Tensor, t: int) -> Prediction:
    steps = torch.full((len(x_t),), t)
    condition = module.model.condition(draw(1)[..., :2])
    return module.target_of(x_t, steps, condition, Prediction(x_t, x_t))


def teachers_samples(teacher: Path, x_t: torch.Tensor, steps: int, beginning=None):
    model = load_model(teacher)
    assert isinstance(model, DiffHPE)
    more = () if beginning is None else (beginning,)
    denoise = model.denoise_with(model.condition(draw(1)[..., :2]))
    with torch.no_grad():
        return DDIM(steps).sample(denoise, model.schedule, lambda: x_t, *more)


@pytest.mark.parametrize("prediction", ["pose", "noise", "velocity"])
@pytest.mark.parametrize("steps", [2, 5])
def test_student_of_one_step_aims_at_its_teachers_samples(tmp_path, prediction, steps):
    teacher = teacher_that_answers(tmp_path, prediction)
    module = student_of(teacher, prediction, student_steps=1, teacher_steps=steps)
    expected = teachers_samples(teacher, draw(), steps)
    torch.testing.assert_close(target_at(module, draw(), 49).pose, expected, atol=1e-4, rtol=1e-4)


def test_ddim_step_to_the_goal_is_two_of_the_teachers(teacher):
    """From step 49 to 24; the teacher also visits 37."""
    module = student_of(teacher, student_steps=2, teacher_steps=4)
    target, schedule = target_at(module, draw(), 49), module.model.schedule
    denoise = module.teacher.denoise_with(module.model.condition(draw(1)[..., :2]))
    x = draw()
    with torch.no_grad():
        for t, following in ((49, 37), (37, 24)):
            pose, noise = denoise(x, t)
            signal, spread = schedule.signal_and_noise(following)
            x = signal * pose + spread * noise
    signal, spread = schedule.signal_and_noise(24)
    reached = signal * target.pose + spread * target.noise
    torch.testing.assert_close(reached, x, atol=1e-4, rtol=1e-4)


def test_goal_and_its_noise_make_up_what_is_seen(teacher):
    module = student_of(teacher, student_steps=2, teacher_steps=4)
    for t in (49, 24):
        target = target_at(module, draw(), t)
        signal, spread = module.model.schedule.signal_and_noise(t)
        again = signal * target.pose + spread * target.noise
        torch.testing.assert_close(again, draw(), atol=1e-4, rtol=1e-4)


def test_last_goal_is_the_teachers_pose(teacher):
    """From step 24 the teacher's other two steps, 24 and 11, lead to a pose."""
    module = student_of(teacher, student_steps=2, teacher_steps=4)
    beginning = NoisedPose(torch.zeros(3, 27, 17, 3), 24)
    x, _ = beginning(module.model.schedule, draw())
    expected = teachers_samples(teacher, draw(), 2, beginning)
    torch.testing.assert_close(target_at(module, x, 24).pose, expected, atol=1e-4, rtol=1e-4)


def test_steps_of_the_student_are_drawn_alike():
    t = VisitedSteps([49, 24])(10_000, 50, torch.Generator().manual_seed(0))
    assert t.unique().tolist() == [24, 49]
    assert float((t == 49).float().mean()) == pytest.approx(0.5, abs=0.02)


def test_student_begins_as_its_teacher_and_leaves_it_as_it_is(teacher):
    module = student_of(teacher).train()
    for name, value in load_model(teacher).state_dict().items():
        assert torch.equal(module.model.state_dict()[name], value), name
    assert module.model.training and not module.teacher.training
    assert not any(weight.requires_grad for weight in module.teacher.parameters())


@pytest.mark.parametrize("steps", [(1, 1), (2, 5), (0, 2)])
def test_steps_that_do_not_fit_are_refused(teacher, steps):
    with pytest.raises(DiffhpeError, match="teacher_steps must be a multiple of student_steps"):
        student_of(teacher, student_steps=steps[0], teacher_steps=steps[1])


def test_teacher_of_another_kind_is_refused(teacher):
    with pytest.raises(DiffhpeError, match="its denoiser is .*prediction='pose'.*is expected"):
        student_of(teacher, prediction="noise")


def test_student_comes_nearer_to_its_goal(teacher):
    module = student_of(teacher, student_steps=1, teacher_steps=2)
    target = target_at(module, draw(), 49).pose

    def distance() -> float:
        with torch.no_grad():
            condition = module.model.condition(draw(1)[..., :2])
            found = module.model.predict(draw(), torch.full((3,), 49), condition).pose
        return float((found - target).square().mean())

    before = distance()
    trainer = lightning.Trainer(
        max_steps=20, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    batches = [(draw(1)[..., :2], 0.28 * draw(2))] * 20
    trainer.fit(module, torch.utils.data.DataLoader(batches, batch_size=None))
    assert distance() < 0.7 * before


def test_experiment_gives_a_model_of_the_students_steps(teacher, tmp_path):
    mocap = write_walk(tmp_path)
    np.savez(tmp_path / "validation.npz", x=np.ones((2, 27, 17, 2)), y=np.zeros((2, 27, 17, 3)))
    settings = [
        *(f"data.mocap={mocap}", f"data.validation={tmp_path}/validation.npz"),
        *("data.batch_size=4", "trainer.max_steps=2", "trainer.val_check_interval=2"),
        *("progress=false", f"out={tmp_path}/run", f"teacher={teacher}", "module.student_steps=1"),
        "+model.trunk={channels: 16, depth: 1, heads: 2}",
        *("+model.denoiser.channels=16", "+model.denoiser.blocks=2"),
        "model.denoiser.backbone_share=null",
    ]
    folder = train(compose_configuration("diffhpe-wrapper-student", settings))
    preset = Lifter.from_pretrained(folder).preset
    assert (preset.sampler, preset.steps, preset.hypotheses) == ("ddim", 1, 5)
