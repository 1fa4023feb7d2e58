"""OpenFunnel's bulk lookalike jobs, live in a spreadsheet and as a pandas DataFrame.

from xl_openfunnel import fetch_rows
frame = fetch_rows("d8a1bddb-44f1-4c7f-87a7-f37496354ff6")
"""

TYPE_CHECKING = False  # as type checkers know it; that of typing takes milliseconds to load

if TYPE_CHECKING:
    from .public import *  # noqa: F403 - it has an __all__
    from .public import __all__ as __all__
else:

    def __getattr__(name: str) -> object:
        """Load the public names: only now, so that Ctrl+C ends the command quietly while they load."""
        import importlib.util

        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        if importlib.util.find_spec(f".{name}", __name__):  # as those below the public names import each other
            return importlib.import_module(f".{name}", __name__)
        public = importlib.import_module(".public", __name__)
        globals().update({each: getattr(public, each) for each in ["__all__", *public.__all__]})
        try:
            return globals()[name]
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None

    def __dir__() -> list[str]:
        from .public import __all__

        return sorted({*globals(), *__all__})
