"""The learning rate over the steps of a run."""

import math

from nanogpt.training.config import TrainConfig


def learning_rate(step: int, config: TrainConfig) -> float:
    """Return the rate of ``step``: a linear rise to the peak, then what the schedule says.

    ``cosine`` falls along half a cosine to the minimum at ``max_steps`` (Loshchilov and Hutter
    2017, "SGDR", without restarts). ``wsd`` stays at the peak and falls in a straight line in the
    last ``decay_share`` of the steps (Hu et al. 2024, "MiniCPM"), so that a run can be made longer
    from any checkpoint before the fall.
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / (config.warmup_steps + 1)
    height = config.learning_rate - config.final_learning_rate
    return config.final_learning_rate + height * _share_of_peak(step, config)


def _share_of_peak(step: int, config: TrainConfig) -> float:
    """Return 1 at the peak, 0 at the end of the run."""
    if config.schedule == "wsd":
        length = max(config.decay_share * config.max_steps, 1)
        return min(max((config.max_steps - step) / length, 0.0), 1.0)
    length = max(config.max_steps - config.warmup_steps, 1)
    progress = min((step - config.warmup_steps) / length, 1.0)
    return 0.5 * (1 + math.cos(math.pi * progress))
