"""The sieve never trusts a repeated key, and rarely doubts a new one."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.keys import hash_key
from etl_agent.run.sieve import Sieve


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=20), max_size=5))
def test_a_repeated_key_is_always_in_doubt(batches):
    """Whatever the batches, each key is trusted once at most."""
    sieve = Sieve(bits=16)
    trusted = []
    for keys in batches:
        doubt = sieve.doubts(hash_key([pa.array(keys, pa.string())]))
        trusted += [key for key, doubted in zip(keys, doubt.tolist(), strict=True) if not doubted]
    assert len(trusted) == len(set(trusted))


def test_few_new_keys_are_doubted():
    """A million distinct keys leave fewer than one row in three hundred in doubt."""
    sieve = Sieve()
    doubted = 0
    for start in range(0, 1_000_000, 100_000):
        keys = pa.array(np.arange(start, start + 100_000)).cast(pa.string())
        doubted += int(sieve.doubts(hash_key([keys])).sum())
    assert doubted < 3_000
