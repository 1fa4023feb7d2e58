"""The UNO services that LibreOffice calls. Only the Python that LibreOffice runs can load this: it needs ``uno``."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import uno
import unohelper
from com.sun.star.lang import Locale, XServiceInfo, XServiceName
from com.sun.star.sheet import LocalizedName, ResultEvent, XAddIn, XCompatibilityNames, XVolatileResult
from com.sun.star.task import XJob, XJobExecutor
from xlopenfunnel.calc import XActions, XFunctions

from ... import log
from ...cell_values import MAX_CELL_UNITS, Block
from ...functions.calculations import Calculations
from ...functions.context import CallContext
from ...functions.registry import CATEGORY, Argument, Function
from ...jobs.snapshot import Snapshot
from ...runtime.background import yield_often
from ...runtime.clock import SystemClock
from ..topics import Subscription
from . import identifiers, status_bar
from .documents import Documents, enter_saved
from .marshal import from_calc, to_calc
from .results import Listener, SizedResult
from .updater import ResultUpdater

_ENGLISH: Final = Locale("en", "US", "")
_log = logging.getLogger(__name__)


@cache
def get_updater(context: Any) -> ResultUpdater:
    """This LibreOffice's updater, which the first call starts."""
    log.set_up()
    yield_often()  # in a hard recalculation, LibreOffice waits for Python at each cell
    updater = ResultUpdater(lambda: _SessionSource(updater), Documents(context), SystemClock())
    updater.loop.start()
    return updater


class _SessionSource:
    """Lets results be computed in this process's session.

    Raises:
        ConfigurationError: a setting cannot be used.
    """

    def __init__(self, updater: ResultUpdater) -> None:
        from ..session import session

        self._session = session()
        self._session.topic_changed = updater.topic_changed

    def new_call(self) -> CallContext:
        # Only Excel turns a block with a text of over 255 units into an error.
        return self._session.new_call(MAX_CELL_UNITS)

    @property
    def calculations(self) -> Calculations:
        return self._session.calculations

    def subscribe(self, job_id: str, callback: Callable[[Snapshot], object]) -> Subscription:
        return self._session.fetcher.subscribe(job_id, callback)

    def close(self) -> None:
        from ..session import end

        end()


class _Result(unohelper.Base, XVolatileResult):  # type: ignore[misc]
    """A result as Calc holds it: it notifies its listeners of each change."""

    def __init__(self, updater: ResultUpdater, view: SizedResult) -> None:
        self._updater = updater
        self._view = view
        self._listeners: list[tuple[Any, Listener]] = []

    def addResultListener(self, listener: Any) -> None:
        def tell(block: Block) -> None:
            event = ResultEvent()
            event.Source = self
            value = to_calc(block)
            event.Value = uno.Any("[][]any", value) if isinstance(value, tuple) else value
            listener.modified(event)

        self._listeners.append((listener, tell))
        self._updater.add_listener(self._view, tell)

    def removeResultListener(self, listener: Any) -> None:
        for pair in [pair for pair in self._listeners if pair[0] == listener]:
            self._listeners.remove(pair)
            self._updater.remove_listener(self._view, pair[1])


class _Service(unohelper.Base, XServiceName, XServiceInfo):  # type: ignore[misc]
    """The interfaces by which LibreOffice identifies a service."""

    name: str

    def getServiceName(self) -> str:
        return self.name

    def getImplementationName(self) -> str:
        return self.name

    def supportsService(self, name: str) -> bool:
        return name in self.getSupportedServiceNames()

    def getSupportedServiceNames(self) -> tuple[str, ...]:
        return SERVICES[type(self)]


class Functions(_Service, XFunctions, XAddIn, XCompatibilityNames):  # type: ignore[misc]
    """The functions. Their methods are added below, from the catalogue."""

    name = identifiers.FUNCTIONS

    def __init__(self, context: Any) -> None:
        self._context = context
        self._locale = _ENGLISH

    def call(self, function: Function, values: tuple[object, ...]) -> _Result:
        updater = get_updater(self._context)
        view = updater.result_for(function, tuple(map(from_calc, values, function.arguments)))
        if view.handle is None:
            view.handle = _Result(updater, view)
        handle: _Result = view.handle  # type: ignore[assignment]
        return handle

    # The name in Excel's files, in every language.
    def getCompatibilityNames(self, method: str) -> tuple[Any, ...]:
        return (LocalizedName(_ENGLISH, identifiers.METHODS[method].name),) if method in identifiers.METHODS else ()

    def setLocale(self, locale: Any) -> None:
        self._locale = locale

    def getLocale(self) -> Any:
        return self._locale

    def getProgrammaticFuntionName(self, shown: str) -> str:  # sic: UNO's spelling
        return next((method for method, function in identifiers.METHODS.items() if function.name == shown), "")

    def getDisplayFunctionName(self, method: str) -> str:
        return identifiers.METHODS[method].name if method in identifiers.METHODS else ""

    def getFunctionDescription(self, method: str) -> str:
        return identifiers.METHODS[method].help if method in identifiers.METHODS else ""

    def getDisplayArgumentName(self, method: str, index: int) -> str:
        return self._argument(method, index).name

    def getArgumentDescription(self, method: str, index: int) -> str:
        return self._argument(method, index).help

    def getProgrammaticCategoryName(self, _: str) -> str:
        return "Add-In"

    def getDisplayCategoryName(self, _: str) -> str:
        return CATEGORY

    def _argument(self, method: str, index: int) -> Argument:
        arguments = identifiers.METHODS[method].arguments if method in identifiers.METHODS else ()
        return arguments[index] if index < len(arguments) else Argument("", "")


def _method(function: Function) -> Callable[..., _Result]:
    def call(self: Functions, *values: object) -> _Result:
        return self.call(function, values)

    return call


for _name, _function in identifiers.METHODS.items():
    setattr(Functions, _name, _method(_function))


class Actions(_Service, XActions, XJobExecutor):  # type: ignore[misc]
    """The actions of menus and macros."""

    name = identifiers.ACTIONS

    def __init__(self, context: Any) -> None:
        self._context = context

    def act(self, document: Any, action: str) -> str:
        """Run an action on a document, show its message in the status bar for a while, and return the message."""
        from .commands import act
        from .questions import Questions

        run_on_main_thread = Documents(self._context).run_on_main_thread

        def show(text: str) -> None:
            status_bar.show(document, text, run_on_main_thread)

        def ask() -> Questions:
            return Questions(self._context, document)

        text = act(get_updater(self._context), document, action, run_on_main_thread, show, ask)
        show(text)
        return text

    def trigger(self, action: str) -> None:
        """Run an action on the document in front."""
        self.act(self._context.getByName("/singletons/com.sun.star.frame.theDesktop").getCurrentComponent(), action)


class Opened(_Service, XJob):  # type: ignore[misc]
    """What is to be done with a spreadsheet that was loaded."""

    name = identifiers.OPENED

    def __init__(self, context: Any) -> None:
        """LibreOffice passes its context."""

    def execute(self, arguments: tuple[Any, ...]) -> None:
        groups = {group.Name: {each.Name: each.Value for each in group.Value} for group in arguments}
        try:
            enter_saved(groups["Environment"]["Model"])
        except Exception:
            _log.exception("the formulas of a document that was loaded were not entered again")


SERVICES: Final[dict[type, tuple[str, ...]]] = {
    Functions: (identifiers.FUNCTIONS, "com.sun.star.sheet.AddIn"),
    Actions: (identifiers.ACTIONS, "com.sun.star.task.Job"),
    Opened: (identifiers.OPENED, "com.sun.star.task.Job"),
}
"""The services that LibreOffice can create, with their service names."""


def implementations() -> Any:
    """The value of ``g_ImplementationHelper``, for which LibreOffice's loader looks in a component.

    Installed extensions import this function by name: do not rename it.
    """
    helper = unohelper.ImplementationHelper()
    for service, names in SERVICES.items():
        helper.addImplementation(service, service.name, names)  # type: ignore[attr-defined]
    return helper
