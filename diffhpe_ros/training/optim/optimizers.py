"""Muon for the hidden matrices, AdamW for the rest: fewer windows to the same error."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from diffhpe_ros.training.optim.muon import Muon


class MuonAdamW(torch.optim.Optimizer):
    """One optimizer to the outside, so that schedulers and trainers need not know of the two.

    Muon (Jordan et al., 2024) orthogonalises the updates of matrices; its rate is given in
    AdamW's terms, scaled by the size of the matrix (Liu et al., 2025). Biases, norms and embeddings
    stay with AdamW.

    Args:
        named_parameters: of a module; those that need no gradient are left out.
        lr: of AdamW.
        weight_decay: of both.
        muon_factor: Muon's rate over AdamW's.
    """

    def __init__(
        self,
        named_parameters: Iterable[tuple[str, nn.Parameter]],
        lr: float,
        weight_decay: float,
        muon_factor: float = 3.0,
    ) -> None:
        trained = [(name, weights) for name, weights in named_parameters if weights.requires_grad]
        hidden = [weights for name, weights in trained if _is_hidden_matrix(name, weights)]
        chosen = {id(weights) for weights in hidden}
        rest = [weights for _, weights in trained if id(weights) not in chosen]
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(rest, lr=lr, weight_decay=weight_decay)
        ]
        if hidden:
            self._parts.append(Muon(hidden, lr=lr * muon_factor, weight_decay=weight_decay))
        super().__init__([group for part in self._parts for group in part.param_groups], {"lr": lr})
        # The very same dictionaries, so that a scheduler that sets a rate here sets it there.
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of both."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self._parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """State of both."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """State of both."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self._parts for group in part.param_groups]


def _is_hidden_matrix(name: str, weights: nn.Parameter) -> bool:
    is_outer = any(word in name for word in ("embed", "position", "head", "output_projection2"))
    return weights.ndim >= 2 and min(weights.shape[-2:]) > 3 and not is_outer
