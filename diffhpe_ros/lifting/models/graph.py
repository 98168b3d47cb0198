"""Graph layers of the DiffHPE denoiser: decoupled graph convolution and non-local mixing.

Tensors are joint-major, (J, N, F): each joint has its own weight matrices, so one batched matrix
product over the joints computes a layer without moving memory.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from diffhpe_ros.lifting.skeleton_graph import PART_ORDER, POOL, skeleton_adjacency
from diffhpe_ros.skeleton import NUM_JOINTS


class GraphConvolution(nn.Module):
    """Decoupled pre-aggregation: y_j = A_jj x_j W0_j + Σ_{k≠j} A_jk x_k W1_k + bias."""

    own: Tensor
    others: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.empty(2, NUM_JOINTS, features, features))
        self.bias = nn.Parameter(torch.zeros(features))
        nn.init.xavier_uniform_(self.W, gain=1.414)
        adjacency = torch.from_numpy(skeleton_adjacency())
        own = adjacency.diagonal()
        self.register_buffer("own", own[:, None, None].clone(), persistent=False)
        self.register_buffer("others", adjacency - torch.diag(own), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(J, N, F) → (J, N, F)."""
        own = torch.bmm(x, self.own * self.W[0])
        others = torch.bmm(x, self.W[1])
        return torch.addmm(own.flatten(1), self.others, others.flatten(1)).view_as(x) + self.bias


class GraphLayer(nn.Module):
    """Graph convolution, BatchNorm over the features, ReLU, dropout."""

    def __init__(self, features: int, dropout: float) -> None:
        super().__init__()
        self.gconv = GraphConvolution(features)
        self.bn = nn.BatchNorm1d(features)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """(J, N, F) → (J, N, F)."""
        x = self.bn(self.gconv(x).flatten(0, 1)).view_as(x)
        # A second ReLU after the dropout, as released, would change nothing.
        return functional.dropout(x.relu_(), self.dropout, self.training)


class NonLocal(nn.Module):
    """Attention between all joints of a frame, with keys pooled over body parts.

    The affinity is f_ij = ReLU(w·[θ_i; φ_j]) / keys; its argument is the sum of one number for
    joint i and one for joint j. Pooling in pairs drops the last joint of `PART_ORDER`, as the
    released weights expect.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.g = nn.Linear(channels, inner)
        self.theta = nn.Linear(channels, inner)
        self.phi = nn.Linear(channels, inner)
        self.affinity = nn.Linear(2 * inner, 1, bias=False)
        self.out = nn.Linear(inner, channels)
        self.bn = nn.BatchNorm1d(channels)
        for layer in (self.g, self.theta, self.phi, self.affinity, self.out):
            nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(self.bn.weight)
        self.register_buffer("order", torch.tensor(PART_ORDER[: NUM_JOINTS // POOL * POOL]), False)

    order: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """(J, N, C) → (J, N, C)."""
        inner = self.g.out_features
        w_theta, w_phi = self.affinity.weight[0].split(inner)
        of_query = self.theta(x) @ w_theta  # (J, N)
        of_key = self._pool(self.phi(x)) @ w_phi  # (keys, N)
        values = self._pool(self.g(x))  # (keys, N, C/2)
        affinity = torch.relu(of_query.t()[:, :, None] + of_key.t()[:, None, :]) / len(of_key)
        # Without contiguous, the gradient multiplies thousands of small matrices one by one.
        mixed = torch.bmm(affinity, values.transpose(0, 1).contiguous())  # (N, J, C/2)
        y = self.bn(self.out(mixed.transpose(0, 1).contiguous()).flatten(0, 1))
        return x + y.view_as(x)

    def _pool(self, x: Tensor) -> Tensor:
        """(J, N, F) → (J // 2, N, F), the maximum of each two joints in body part order."""
        return x[self.order].unflatten(0, (-1, POOL)).amax(1)
