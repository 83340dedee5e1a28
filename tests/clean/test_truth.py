"""Truth discovery among sources that err, copy and mean different things."""

import numpy as np
import pytest
from numpy.typing import NDArray

from etl_agent.clean.truth import Claims, believed

Said = NDArray[np.int64]
VALUES = 200


def claims(said: Said) -> Claims:
    """Make claims of an array by source, column and entity; -1 where a source is silent."""
    sources, columns, entities = said.shape
    source, entity = (at.ravel() for at in np.indices((sources, entities)))
    return Claims(source, entity, tuple(said[:, column].ravel() for column in range(columns)))


def belief_in(said: Said, claimed: Said) -> NDArray[np.float64]:
    """Return the belief in one value of each entity, in the first column; 0 where nobody claims it."""
    shares = believed(claims(said))[0].reshape(said.shape[0], -1)
    mine = np.where(said[:, 0] == claimed, shares, 0.0)
    return mine.max(axis=0)


def honest(draw: np.random.Generator, *, sources: int, accuracy: float, entities: int = 60) -> tuple[Said, Said]:
    """Draw a truth, and sources that report it with that accuracy, each with errors of its own."""
    truth = draw.integers(0, VALUES, entities)
    right = draw.random((sources, 1, entities)) < accuracy
    return np.where(right, truth, draw.integers(0, VALUES, right.shape)), truth


def test_what_nearly_all_say_is_true() -> None:
    """Of twelve honest sources that err in one of ten claims the truth is found everywhere."""
    said, truth = honest(np.random.default_rng(1), sources=12, accuracy=0.9)
    assert belief_in(said, truth).min() > 0.7


def test_one_source_against_another_settles_nothing() -> None:
    """Of two sources that contradict each other neither is believed."""
    said = np.stack([np.arange(40), np.arange(40) + 100])[:, None]
    shares = believed(claims(said))[0]
    assert shares.max() < 0.6


def test_the_better_source_is_believed() -> None:
    """Where two claims meet two others, those of the sources that are right elsewhere are believed."""
    draw = np.random.default_rng(2)
    good, truth = honest(draw, sources=6, accuracy=0.98, entities=80)
    bad, _ = honest(draw, sources=4, accuracy=0.0, entities=80)
    tied = np.arange(10)
    good[2:, 0, tied] = -1
    truth[tied] = good[0, 0, tied] = good[1, 0, tied]
    for entity in tied:
        bad[:, 0, entity] = -1
        bad[draw.choice(4, 2, replace=False), 0, entity] = VALUES + entity
    said = np.concatenate([good, bad])
    assert (belief_in(said, truth)[tied] > 2 * belief_in(said, VALUES + np.arange(80))[tied]).all()


def copied(*, silent: float, copies: int = 4, heard: int = 5) -> tuple[Said, Said, Said]:
    """Draw honest sources and copies of one that is wrong on half of the entities; then the truth and that source."""
    draw = np.random.default_rng(3)
    good, truth = honest(draw, sources=heard, accuracy=0.95)
    bad = np.where(draw.random(60) < 0.5, truth, draw.integers(0, VALUES, 60))
    good[draw.random(good.shape) < silent] = -1
    mute = draw.random(60) < silent
    said = np.where(mute, -1, bad)
    return np.concatenate([good, np.repeat(said[None, None], copies, axis=0)]), truth, bad


def test_copies_have_one_vote() -> None:
    """Copies that are silent together, and often wrong, do not outvote as many or half as many honest sources."""
    for copies, heard in ((4, 5), (12, 6)):
        said, truth, bad = copied(silent=0.25, copies=copies, heard=heard)
        wrong = bad != truth
        assert belief_in(said, np.where(wrong, bad, -2)).max() < 0.5
        assert np.median(belief_in(said, truth)[wrong]) > 0.6


def test_what_may_be_copies_or_a_camp_is_not_believed() -> None:
    """Sources that always speak and agree on what others do not say may be right: nobody is overruled."""
    said, truth, bad = copied(silent=0.0)
    wrong = bad != truth
    assert belief_in(said, np.where(wrong, bad, -2)).max() < 0.6
    assert belief_in(said, truth)[wrong].max() < 0.7


def test_the_more_accurate_of_two_camps_is_not_taken_for_copies() -> None:
    """That all who rightly report a fact agree does not cost them their votes: the larger camp is not sure to win."""
    draw = np.random.default_rng(8)
    good, truth = honest(draw, sources=8, accuracy=1.0)
    meant = np.where(draw.random(60) < 0.4, truth, draw.integers(0, VALUES, 60))
    other = np.where(draw.random((9, 1, 60)) < 0.85, meant, draw.integers(0, VALUES, (9, 1, 60)))
    beside = np.concatenate([good, np.where(draw.random(other.shape) < 0.9, truth, other)])
    said = np.concatenate([np.concatenate([good, other]), beside], axis=1)
    said[draw.random(said.shape) < 0.2] = -1
    apart = meant != truth
    assert np.median(belief_in(said, truth)[apart]) > 0.4
    assert np.median(belief_in(said, meant)[apart]) < 0.6


def test_two_camps_leave_doubt() -> None:
    """Where half of the sources mean another thing, neither camp is surely right, however large the table."""
    draw = np.random.default_rng(4)
    first, _ = honest(draw, sources=6, accuracy=0.97, entities=150)
    second, _ = honest(draw, sources=6, accuracy=0.97, entities=150)
    shares = believed(claims(np.concatenate([first, second])))[0]
    assert np.mean(shares > 0.95) < 0.1


def test_a_silence_of_those_who_always_speak_counts() -> None:
    """Where sources that are hardly ever silent are, less is believed of what a few others say."""
    said, truth = honest(np.random.default_rng(5), sources=8, accuracy=0.98)
    loud = belief_in(said, truth)[0]
    said[3:, 0, 0] = -1
    assert belief_in(said, truth)[0] < loud


def test_names_of_sources_and_the_order_of_rows_do_not_matter_for_equal_input() -> None:
    """The same claims give the same belief, in whatever order the rows come."""
    said, _ = honest(np.random.default_rng(6), sources=6, accuracy=0.8)
    made = claims(said)
    order = np.random.default_rng(7).permutation(len(made.source))
    shuffled = Claims(made.source[order], made.entity[order], (made.said[0][order],))
    assert np.allclose(believed(made)[0][order], believed(shuffled)[0])


def test_nothing_claimed_is_nothing_believed() -> None:
    """Rows without a claim have no belief, and neither has an empty table."""
    silent = np.full((3, 1, 4), -1)
    assert np.isnan(believed(claims(silent))[0]).all()
    nobody = np.zeros(0, np.int64)
    assert len(believed(Claims(nobody, nobody, (nobody,)))[0]) == 0


@pytest.mark.parametrize("seed", range(3))
def test_belief_is_honest(seed: int) -> None:
    """Of the facts believed to 0.7 more than 95 % are true, where sources err, copy and mean other things."""
    draw = np.random.default_rng(seed)
    right = sure = 0
    for _ in range(6):
        sources, entities, columns = int(draw.integers(5, 18)), 50, 2
        truth = draw.integers(0, VALUES, (columns, entities))
        accuracy = draw.beta(8, 1.5, (sources, 1, 1))
        said = np.where(
            draw.random((sources, columns, entities)) < accuracy,
            truth,
            draw.integers(0, VALUES, (sources, columns, entities)),
        )
        other = np.where(draw.random(entities) < 0.3, truth[0], draw.integers(0, VALUES, entities))
        said[draw.choice(sources, sources // 3, replace=False), 0] = other
        said[draw.random(said.shape) < 0.2] = -1
        first, second = draw.choice(sources, 2, replace=False)
        said[second] = said[first]
        for column, shares in enumerate(believed(claims(said))):
            table = shares.reshape(sources, entities)
            held = np.nan_to_num(table, nan=-1)
            best = held.argmax(axis=0)
            sure_here = held.max(axis=0) >= 0.7
            sure += int(sure_here.sum())
            right += int((said[best, column, np.arange(entities)] == truth[column])[sure_here].sum())
    assert sure > 150
    assert right / sure > 0.95
