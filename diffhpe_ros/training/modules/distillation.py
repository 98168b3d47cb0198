"""A student with few steps, distilled from a teacher with more (Salimans and Ho, ICLR 2022)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.checkpoints.model_folders import load_model
from diffhpe_ros.lifting.diffusion.parameterisation import Prediction
from diffhpe_ros.lifting.diffusion.samplers import DDIM, spaced_steps
from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.training.modules.lifting_modules import DiffusionModule
from diffhpe_ros.training.modules.pretrained_weights import load_pretrained_weights
from diffhpe_ros.training.modules.steps import UniformSteps

END = -1
"""Index of the state after the last visited step: the clean pose."""


class VisitedSteps:
    """Draws uniformly from the steps that a sampler visits (a `StepDraw`).

    Args:
        visited: zero-based.
    """

    def __init__(self, visited: Sequence[int]) -> None:
        self.visited = visited

    def __call__(self, count: int, steps: int, generator: Generator) -> Tensor:
        """See `StepDraw`."""
        visited = torch.tensor(self.visited, device=generator.device)
        return visited[UniformSteps()(count, len(visited), generator)]


class DistillationModule(DiffusionModule):
    """One DDIM step of the student replaces several steps of the teacher.

    The student begins with the teacher's weights. It learns the teacher's map from noise to
    poses, not the mean over the noise, so the spread of the hypotheses stays that of the teacher.
    The paper weights the squared error of the pose by max(SNR, 1). At the steps that one- or
    two-step students visit, this weight is 1, so `SquaredErrorLoss` of a predicted pose is the
    same.

    Args:
        teacher: a trained diffusion model, its name or folder.
        student_steps: DDIM steps of the student.
        teacher_steps: the teacher's, a multiple of these; twice as many is progressive
            distillation. **kwargs: arguments of `DiffusionModule`.

    Raises:
        DiffhpeError: teacher and student are different kinds of models, or their steps do not fit.
    """

    after: Tensor
    alpha_bar: Tensor

    def __init__(
        self, *, teacher: str, student_steps: int = 1, teacher_steps: int = 2, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if student_steps < 1 or teacher_steps % student_steps or teacher_steps <= student_steps:
            raise DiffhpeError(
                f"teacher_steps must be a multiple of student_steps, twice or more; got"
                f" {teacher_steps} and {student_steps}"
            )
        load_pretrained_weights(self.model, self.config, teacher)
        trained = load_model(teacher)
        assert isinstance(trained, DiffHPE)  # else its weights would not have fitted
        self.teacher = trained.requires_grad_(False)
        self.per_step = teacher_steps // student_steps
        self.sampler = DDIM(student_steps)
        visited = [int(step) for step in spaced_steps(teacher_steps, self.model.schedule.steps)]
        self.steps = VisitedSteps(visited[:: self.per_step])
        after = torch.full((self.model.schedule.steps,), END)
        after[visited[:-1]] = torch.tensor(visited[1:])
        self.register_buffer("after", after, persistent=False)
        alpha_bar = torch.from_numpy(self.model.schedule.alpha_bar)
        # 1 at `END`
        self.register_buffer("alpha_bar", torch.cat([alpha_bar, torch.ones(1)]), persistent=False)

    def train(self, mode: bool = True) -> "DistillationModule":
        """Set the mode of the student; the teacher stays in evaluation mode."""
        super().train(mode)
        self.teacher.eval()
        return self

    @torch.no_grad()
    def target_of(self, x_t: Tensor, t: Tensor, condition: Tensor, truth: Prediction) -> Prediction:
        """The student's target x̃ = (x_t'' - σ''/σ x_t) / (α'' - σ''/σ α).

        With x̃, one DDIM step reaches the teacher's x_t'' (algorithm 2 of the paper). At the last
        step σ'' is 0 and x̃ is the teacher's final pose.
        """
        denoise = self.teacher.denoise_with(condition)
        x, step = x_t, t
        for _ in range(self.per_step):
            pose, noise = denoise(x, step)
            step = self.after[step]
            reached = self.alpha_bar[step].view(-1, 1, 1, 1)
            x = reached.sqrt() * pose + (1 - reached).sqrt() * noise
        signal, spread = self.model.schedule.signal_and_noise(t)
        shrink = (1 - reached).sqrt() / spread
        pose = (x - shrink * x_t) / (reached.sqrt() - shrink * signal)
        return Prediction(pose, (x_t - signal * pose) / spread)
