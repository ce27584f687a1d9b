"""The sound of a film: a slow chord that swells and fades, made from a seed. It knows nothing of files."""

import numpy as np

from local.azure_openai.pixels import Floats

RATE = 48_000
_CHORDS = ((0, 7, 12, 16), (0, 7, 12, 15), (0, 5, 12, 17), (0, 7, 14, 16), (0, 4, 11, 14))
_LOUDNESS = 0.16
_EDGE_S = 0.4


def piece(seed: int, seconds: int) -> Floats:
    """Return the whole piece as stereo samples (2, n; -1..1)."""
    dice = np.random.default_rng(seed)
    root_hz = 98.0 * 2 ** (int(dice.integers(0, 12)) / 12)
    chord = _CHORDS[int(dice.integers(len(_CHORDS)))]
    turns = np.arange(seconds * RATE, dtype=np.float32) / RATE
    sides = np.zeros((2, turns.size), np.float32)
    for step in chord:
        # A whole number of turns a second keeps the phase exact in single precision.
        pitch_hz = round(root_hz * 2 ** (step / 12))
        swell_hz, phase = float(dice.uniform(0.08, 0.25)), float(dice.uniform(0, 6.28))
        voice = np.sin(np.float32(2 * np.pi) * (turns * pitch_hz % 1))
        voice *= 0.5 + 0.5 * np.sin(np.float32(2 * np.pi * swell_hz) * turns + phase)
        side = float(dice.uniform(0.3, 0.7))
        sides[0] += voice * side
        sides[1] += voice * (1 - side)
    sides *= np.clip(np.minimum(turns, seconds - turns) / _EDGE_S, 0, 1) * _LOUDNESS
    return sides
