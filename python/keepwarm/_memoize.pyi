"""`@memoize`: the results of a function, kept in this process as they are."""

from collections.abc import Callable
from datetime import timedelta
from typing import Concatenate, ParamSpec, Protocol, TypeVar, overload

from keepwarm._cached import CacheInfo

_Arguments = ParamSpec("_Arguments")
_Bound = ParamSpec("_Bound")
_Object = TypeVar("_Object")
_Result = TypeVar("_Result")
_Result_co = TypeVar("_Result_co", covariant=True)

# Both are functions with attributes when the program runs; these are their types.
class _MemoizedFunction(Protocol[_Arguments, _Result_co]):
    __name__: str
    __qualname__: str
    @property
    def __wrapped__(self) -> Callable[_Arguments, _Result_co]: ...
    @overload
    def __get__(self, instance: None, owner: type | None = None) -> _MemoizedFunction[_Arguments, _Result_co]: ...
    @overload
    def __get__(
        self: _MemoizedFunction[Concatenate[_Object, _Bound], _Result], instance: _Object, owner: type | None = None
    ) -> _MemoizedMethod[_Bound, _Result]: ...
    def __call__(self, *arguments: _Arguments.args, **options: _Arguments.kwargs) -> _Result_co: ...
    def cache_info(self) -> CacheInfo: ...
    def cache_clear(self) -> None: ...

class _MemoizedMethod(Protocol[_Bound, _Result_co]):
    __self__: object
    def __call__(self, *arguments: _Bound.args, **options: _Bound.kwargs) -> _Result_co: ...
    def cache_info(self) -> CacheInfo: ...
    def cache_clear(self) -> None: ...

class _Decorator(Protocol):
    def __call__(self, function: Callable[_Arguments, _Result], /) -> _MemoizedFunction[_Arguments, _Result]: ...

# Bare, as `@memoize`.
@overload
def memoize(max_size: Callable[_Arguments, _Result]) -> _MemoizedFunction[_Arguments, _Result]: ...
@overload
def memoize(
    max_size: int | None = 1000, *, timeout: float | timedelta | None = None, maxsize: int | None = ...
) -> _Decorator: ...
