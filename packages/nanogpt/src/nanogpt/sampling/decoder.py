"""One token through a GPT on the CPU, in NumPy.

A step for one sequence is a hundred small operations, and in a small model PyTorch spends most of
its time on dispatch. Of CPU time, best of 15 alternating blocks on one thread, 4 layers of width
128 take 1.0 ms as modules and 0.24 ms here; 6 layers of width 384, which are bound by reading the
weights, 8.3 and 4.6 ms.

The cache is a view of the `KVCache` that `GPT.forward` fills, so both may take turns on one. The
steps mirror ``models/gpt.py`` one by one, every option of `GPTConfig` included, and give its logits
to 1e-5 (tests/sampling/test_decoder.py).

Letters in the shapes: C = n_embd, H = n_head, G = n_kv_head, D = C / H, T = tokens in the cache,
this one included.
"""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch

from nanogpt.models.gpt import GPT, NORM_EPS, KVCache

Array = npt.NDArray[np.float32]
Weights = Mapping[str, Array]

MAX_PARAMETERS = 30_000_000
"""Beyond it the time is in reading weights, which PyTorch does with all cores."""
ONE_THREAD = 400_000
"""Elements of a matrix that OpenBLAS multiplies by a vector on one thread; it takes several from
460,800 on, and parts are of unequal size."""


class Decoder:
    """Steps of one token for a batch of one.

    Args:
        model: One that `can_decode`, with the weights that it has now.
    """

    def __init__(self, model: GPT) -> None:
        tensors = [*model.named_parameters(), *model.named_buffers()]
        weights = {name: tensor.detach().numpy() for name, tensor in tensors}
        self._block_size = model.config.block_size
        self._wte = weights["wte.weight"]
        self._wpe = weights.get("wpe.weight")
        self._angles = weights.get("angles")  # (2, block_size, D / 2) cosines and sines
        self._layers = [_Block(model, weights, f"h.{i}.") for i in range(model.config.n_layer)]
        self._ln_f = _Norm(model, weights, "ln_f")
        self._head = _Linear(self._wte, None)

    def step(self, token: int, cache: KVCache) -> Array:
        """Return the logits after ``token``, (V,), and add it to ``cache``, which must not be full.

        Raises:
            ValueError: The cache is full.
        """
        position = cache.length
        if position >= self._block_size:
            raise ValueError(f"the cache holds {position} tokens already, its block_size")
        x = self._wte[token]  # (C,)
        x = x.copy() if self._wpe is None else x + self._wpe[position]
        angles = None if self._angles is None else self._angles[:, position]  # (2, D / 2)
        store = cache.store.numpy()[:, :, 0]  # (n_layer, 2, G, T_max, D)
        for block, keys_values in zip(self._layers, store, strict=True):
            block.add_to(x, angles, keys_values, position)
        cache.length += 1
        return self._head(self._ln_f(x))


def can_decode(model: object) -> bool:
    """Tell whether `Decoder` can take the place of ``model``'s own forward, and is faster."""
    if not isinstance(model, GPT):
        return False
    parameters = list(model.parameters())
    return (
        all(p.device.type == "cpu" and p.dtype == torch.float32 for p in parameters)
        and sum(p.numel() for p in parameters) <= MAX_PARAMETERS
    )


class _Linear:
    """A product with the matrix laid out in long rows, along which OpenBLAS is fastest.

    So a layer that widens its input is transposed; 384 to 1,536 takes 140 us then instead of 250.
    """

    def __init__(self, weight: Array, bias: Array | None) -> None:
        n_out, n_in = weight.shape
        self._widens = n_out > n_in
        matrix = np.ascontiguousarray(weight.T) if self._widens else weight
        # A larger product OpenBLAS shares among threads that wait for each other without sleep.
        # With one of two cores busy elsewhere, a step then took 45 ms instead of 4.
        self._parts = np.array_split(matrix, math.ceil(weight.size / ONE_THREAD))
        self._bias = bias

    def __call__(self, x: Array) -> Array:
        if len(self._parts) == 1:
            (matrix,) = self._parts
            y = x @ matrix if self._widens else matrix @ x
        elif self._widens:
            inputs = np.array_split(x, len(self._parts))
            products = [part @ matrix for part, matrix in zip(inputs, self._parts, strict=True)]
            y = np.add.reduce(products)
        else:
            y = np.concatenate([matrix @ x for matrix in self._parts])
        if self._bias is not None:
            y += self._bias
        return y


class _Norm:
    """LayerNorm or RMSNorm along C."""

    def __init__(self, model: GPT, weights: Weights, name: str) -> None:
        n_embd = model.config.n_embd
        # A mean by way of BLAS, which takes half the time of `x.mean()`.
        self._average = np.full(n_embd, 1 / n_embd, np.float32)
        self._centred = model.config.norm == "layernorm"
        self._weight = weights[f"{name}.weight"]
        self._bias = weights.get(f"{name}.bias")

    def __call__(self, x: Array) -> Array:
        if self._centred:
            x = x - x @ self._average
        y = x * (1 / math.sqrt(x @ x / len(x) + NORM_EPS))
        y *= self._weight
        if self._bias is not None:
            y += self._bias
        return y


class _Block:
    """One layer, as `nanogpt.models.gpt.Block`."""

    def __init__(self, model: GPT, weights: Weights, prefix: str) -> None:
        def linear(name: str) -> _Linear:
            name = prefix + name
            return _Linear(weights[f"{name}.weight"], weights.get(f"{name}.bias"))

        config = model.config
        self._n_head = config.n_head
        self._n_kv_head = config.n_kv_head or config.n_head
        self._head_dim = config.n_embd // config.n_head
        self._ln_1 = _Norm(model, weights, f"{prefix}ln_1")
        self._c_attn, self._attn_proj = linear("attn.c_attn"), linear("attn.c_proj")
        self._qk_norm: Array | None = None  # (H + G, D)
        if config.qk_norm:
            q_norm, k_norm = (weights[f"{prefix}attn.{name}_norm.weight"] for name in "qk")
            self._qk_norm = np.stack([q_norm] * self._n_head + [k_norm] * self._n_kv_head)
        self._ln_2 = _Norm(model, weights, f"{prefix}ln_2")
        self._c_fc, self._mlp_proj = linear("mlp.c_fc"), linear("mlp.c_proj")
        self._activation = {"gelu": _gelu_tanh, "relu2": _relu_squared}[config.activation]

    def add_to(self, x: Array, angles: Array | None, keys_values: Array, position: int) -> None:
        """Add this layer's contribution to the residual stream ``x``, (C,), in place.

        ``keys_values``, (2, G, T_max, D), take in those of this token at ``position``.
        """
        H, G, T = self._n_head, self._n_kv_head, position + 1
        heads = self._c_attn(self._ln_1(x)).reshape(-1, self._head_dim)  # (H + 2 G, D)
        if self._qk_norm is not None:
            heads[: H + G] = _normalize(heads[: H + G]) * self._qk_norm
        if angles is not None:
            heads[: H + G] = _rotate(heads[: H + G], angles)
        keys_values[:, :, position] = heads[H:].reshape(2, G, -1)
        k, v = keys_values[:, :, :T]  # (G, T, D) each
        q = heads[:H].reshape(G, H // G, -1)  # beside the head of keys that they share
        x += self._attn_proj(_attend(q, k, v).reshape(-1))
        x += self._mlp_proj(self._activation(self._c_fc(self._ln_2(x))))


def _attend(q: Array, k: Array, v: Array) -> Array:
    """Return the mean of ``v`` for each query, weighted by softmax: (G, R, D), (G, T, D) twice."""
    scores = (q * (1 / math.sqrt(q.shape[2]))) @ k.transpose(0, 2, 1)  # (G, R, T)
    scores -= np.maximum.reduce(scores, axis=2, keepdims=True)
    weights = np.exp(scores, out=scores)
    weights /= np.add.reduce(weights, axis=2, keepdims=True)
    return weights @ v


def _normalize(x: Array) -> Array:
    """Divide each row of (H, D) by its root mean square."""
    mean_square: Array = np.square(x).mean(axis=1, keepdims=True)
    root: Array = np.sqrt(mean_square + NORM_EPS)
    return x / root


def _rotate(x: Array, angles: Array) -> Array:
    """Rotate the pairs (x_i, x_{i + D/2}) of (H, D), as `nanogpt.models.gpt.rotate` does."""
    cos, sin = angles
    a, b = np.split(x, 2, axis=1)
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=1)


def _gelu_tanh(x: Array) -> Array:
    """Return x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
    slope = math.sqrt(2 / math.pi)
    y = x * x
    y *= 0.044715 * slope
    y += slope
    y *= x
    np.tanh(y, out=y)
    y += 1
    y *= x
    y *= 0.5
    return y


def _relu_squared(x: Array) -> Array:
    return np.square(np.maximum(x, 0))
