"""`@memoize`: results kept in the process."""

import threading

import pytest

from keepwarm import _memoize, memoize


# covers: R154
def test_the_least_recently_used_result_goes_first():
    asked = []

    @memoize(max_size=2)
    def double(number):
        asked.append(number)
        return number * 2

    assert [double(1), double(2), double(1), double(3), double(1), double(2)] == [2, 4, 2, 6, 2, 4]
    assert asked == [1, 2, 3, 2]
    assert double.cache_info() == (2, 4, 2, 2)
    double.cache_clear()
    assert double.cache_info() == (0, 0, 2, 0)
    assert double(1) == 2
    assert asked[4:] == [1]


# covers: R154
def test_results_expire(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(_memoize.time, "monotonic", lambda: now[0])
    asked = []

    @memoize(maxsize=None, timeout=10)
    def load():
        asked.append(1)

    load(), load()
    now[0] += 9.9
    load()
    assert asked == [1]
    now[0] += 0.1
    load()
    assert asked == [1, 1]


# covers: R154
def test_arguments_are_told_apart_by_type_and_by_name_they_are_not():
    @memoize
    def show(value, more=None, *others, **options):
        return [repr(value), more, others, options]

    alike = (1, "1", True, 1.0, 0.0, -0.0, (1,), (True,), frozenset({1}), frozenset({True}), ((1.0,),), {1: 2}, {True: 2})
    for value in alike:
        assert show(value)[0] == show(value=value)[0] == repr(value)
    assert show.cache_info()[:2] == (len(alike), len(alike))
    assert show(1, 2, 3, a=1, b=2) == show(1, 2, 3, b=2, a=1)
    assert show(1) is show(1)
    assert show.__name__ == "show"
    with pytest.raises(TypeError, match="argument `value`.*unhashable"):
        show([1])


# covers: R154
def test_errors_are_not_kept_and_none_is():
    asked = []

    @memoize()
    def load(number):
        asked.append(number)
        if number:
            raise LookupError

    load(0), load(0)
    for _ in range(2):
        with pytest.raises(LookupError):
            load(1)
    assert asked == [0, 1, 1]


def test_what_was_computed_before_a_clear_is_not_kept_after_it():
    answers = ["old", "new"]

    @memoize()
    def load():
        answer = answers.pop(0)
        if answer == "old":
            load.cache_clear()
        return answer

    assert [load(), load(), load()] == ["old", "new", "new"]


def test_many_threads():
    @memoize(max_size=10)
    def double(number):
        return number * 2

    wrong = []

    def run():
        wrong.extend(number for number in range(2000) if double(number % 23) != number % 23 * 2)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    hits, misses, _, size = double.cache_info()
    assert (hits + misses, size) == (8000, 10)


def test_what_cannot_be_memoized_says_so():
    async def load():
        return 1

    with pytest.raises(TypeError, match="async def"):
        memoize()(load)
    with pytest.raises(TypeError, match="whole number"):
        memoize(max_size="10")
