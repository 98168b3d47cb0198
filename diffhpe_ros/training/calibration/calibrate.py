"""Fits the covariance of a model so that its ellipsoids contain the right share of true joints.

Standard deviations per joint and axis, and their growth with the variance features, are fitted by
maximum likelihood, with the same for left and right joints. A small network then learns what these
leave open. Both are overconfident for new people. So the fit is repeated without some of the people
in turn, until each was left out, and the standard deviations of each joint are scaled until its
ellipsoids of the left-out people are right. The scale has slopes, too, so that they are right at
the ends of the window, for joints that are unseen or that a detector only guesses, and for those
next to them. Here left and right differ: most people use the right hand more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from diffhpe_ros.lifting import Lifter, ModelConfig
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.lifting.pipeline.coherence_limits import CoherenceLimits, VarianceFeature
from diffhpe_ros.lifting.pipeline.variance_features import VARIANCE_FEATURES
from diffhpe_ros.training.calibration.fit import Fit, fit
from diffhpe_ros.training.calibration.held_out import (
    EVERYBODY,
    HeldOut,
    LeftOut,
    others,
    parts_of,
)
from diffhpe_ros.training.calibration.measured_errors import MeasuredErrors, measure_errors
from diffhpe_ros.training.calibration.network_fit import with_network
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows

USUAL_PERCENTILE = 99.0


@dataclass(frozen=True)
class Calibration:
    """A calibrated configuration, and how right it is for people outside of the fit."""

    config: ModelConfig
    measured: MeasuredErrors
    left_out: LeftOut
    """Neither the fit nor the scales know the person."""
    network_gain: float
    """Mean log-likelihood of a joint of people left out that the network adds; 0 without one."""


def calibrated(
    model: Model, config: ModelConfig, truths: Sequence[LabelledWindows], device: str = "cpu"
) -> ModelConfig:
    """The configuration with fitted covariance and coherence limits; see `calibrate`."""
    return calibrate(model, config, truths, device).config


def calibrate(
    model: Model, config: ModelConfig, truths: Sequence[LabelledWindows], device: str = "cpu"
) -> Calibration:
    """Fit the covariance and the coherence limits.

    Args:
        model: with its final weights.
        config: of the model; its default preset is calibrated.
        truths: windows that it was not trained on, of several people if possible.
        device: cpu, cuda or cuda:N.
    """
    return calibration_of(config, measure_errors(Lifter(model, config, device), truths))


def calibration_of(config: ModelConfig, measured: MeasuredErrors) -> Calibration:
    """Fit the covariance and the coherence limits to measured errors; see `calibrate`."""
    best = best_fit(measured)
    usual = np.nanpercentile(measured.coherence_mm, USUAL_PERCENTILE, axis=0)
    config = replace(
        configured(config, best.fitted.scaled(best.held_out.log_scales())),
        coherence_limits=CoherenceLimits(*(round(float(x), 1) for x in usual)),
    )
    return Calibration(config, measured, best.held_out.left_out(), best.network_gain)


@dataclass(frozen=True)
class BestFit:
    """The fit to all people, and how right such fits are for people who are left out."""

    fitted: Fit
    held_out: HeldOut
    network_gain: float
    """See `Calibration`."""


def best_fit(measured: MeasuredErrors) -> BestFit:
    """The fit to all people, with the network if that is better for people who are left out.

    It is not where people are few. Where there is one only, nobody can be left out.
    """
    fits = fits_by_part(measured)
    held_out = HeldOut.of(measured, fits)
    if len(fits) == 1:
        return BestFit(fits[EVERYBODY], held_out, 0.0)
    with_networks = {
        number: with_network(fitted, others(measured, number))
        for number, fitted in tqdm(fits.items(), desc="networks", unit="network")
    }
    learnt = HeldOut.of(measured, with_networks)
    gain = held_out.loss - learnt.loss
    if gain > 0:
        return BestFit(with_networks[EVERYBODY], learnt, gain)
    return BestFit(fits[EVERYBODY], held_out, 0.0)


def fits_by_part(measured: MeasuredErrors) -> dict[int, Fit]:
    """Number of each part → the fit to all others; `EVERYBODY` → the fit to all people."""
    numbers = {EVERYBODY, *parts_of(measured.person).tolist()}
    return {number: fit(others(measured, number)) for number in numbers}


def configured(config: ModelConfig, fitted: Fit) -> ModelConfig:
    """The configuration with the standard deviations, slopes and network of a fit."""
    std_mm = 1000 * np.exp(fitted.log_std)
    rows = np.concatenate([np.zeros((1, 3)), std_mm]).round(1).tolist()
    slopes = np.concatenate([np.zeros((1, *fitted.slopes.shape[1:])), fitted.slopes]).round(3)
    features = {
        name: VarianceFeature(
            round(float(mean), 3), *(tuple(axis.tolist()) for axis in slopes[:, number].T)
        )
        for number, (name, mean) in enumerate(zip(VARIANCE_FEATURES, fitted.means, strict=True))
    }
    return replace(
        config,
        residual_std_mm=tuple((x, y, z) for x, y, z in rows),
        variance_features=features,
        variance_network=fitted.network,
    )
