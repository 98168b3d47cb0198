"""Fused kernels in Triton, for GPUs: fewer launches and passes over memory than torch's.

Each replaces a part of the folded engine, and tests compare the two. Without a GPU they run in
Triton's interpreter (`TRITON_INTERPRET=1`), which is for tests.
"""

import os

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.engines.folded.engines import FoldedDiffHPE, FoldedMixSTE


def use_triton(engine: FoldedMixSTE | FoldedDiffHPE) -> FoldedMixSTE | FoldedDiffHPE:
    """The same engine, with fused kernels in place of the parts that they replace.

    Raises:
        DiffhpeError: the engine is not on a GPU, triton is not installed, or the kernels were not
            written for the network's sizes.
    """
    device = next(engine.buffers()).device
    if device.type != "cuda" and os.environ.get("TRITON_INTERPRET") != "1":
        raise DiffhpeError(f"kernels 'triton' are for device cuda, not {device}; use torch")
    try:
        from diffhpe_ros.lifting.engines.kernels.blocks import fuse_blocks
    except ImportError as error:
        raise DiffhpeError(f"kernels 'triton' need triton (pip install triton): {error}") from error
    fuse_blocks(engine)
    return engine
