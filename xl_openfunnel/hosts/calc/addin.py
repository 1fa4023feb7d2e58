"""The add-in: what LibreOffice calls. Loaded by the office's own Python, which alone knows ``uno``."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import uno
import unohelper
from com.sun.star.lang import Locale, XServiceInfo, XServiceName
from com.sun.star.sheet import LocalizedName, ResultEvent, XAddIn, XCompatibilityNames, XVolatileResult
from com.sun.star.task import XJobExecutor
from xlopenfunnel.calc import XActions, XFunctions

from ... import log
from ...cell_values import MAX_TEXT_UNITS, Block
from ...functions import catalog
from ...functions.context import CallContext
from ...jobs.snapshot import Snapshot
from ...runtime.clock import SystemClock
from ..topics import Subscription
from . import identifiers, status_bar
from .documents import Documents
from .marshal import from_calc, to_calc
from .results import SizedResult, Tell
from .updater import ResultUpdater

_SWITCH_INTERVAL: Final = 0.0005
"""Seconds after which the office's thread gets Python from ours: in a hard recalculation it waits for each cell."""

_ENGLISH: Final = Locale("en", "US", "")
_log = logging.getLogger(__name__)


@cache
def updater(context: Any) -> ResultUpdater:
    """The answers of this office, made with the first call."""
    log.set_up()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    documents = Documents(context)
    made = ResultUpdater(_implementations(), lambda: _SessionSource(made), documents, SystemClock())
    made.loop.start()
    return made


def _implementations() -> dict[str, Callable[..., Block]]:
    from ...functions import implementations as bodies

    return {
        catalog.STATUS.name: bodies.status,
        catalog.ROWS.name: bodies.rows,
        catalog.INFO.name: bodies.information,
        catalog.LOOKUP.name: bodies.lookup,
        catalog.PIVOT.name: bodies.pivot,
        catalog.JOBS.name: bodies.jobs_table,
        catalog.CREDITS.name: bodies.credits_table,
    }


class _SessionSource:
    """The session of this process, as answers need it.

    Raises:
        ConfigurationError: a setting cannot be used.
    """

    def __init__(self, served: ResultUpdater) -> None:
        from ..session import session

        self._session = session()
        self._session.topic_changed = served.moved

    def look(self) -> CallContext:
        return self._session.new_call(
            MAX_TEXT_UNITS
        )  # only Excel makes an error of a block with a longer text than 255

    def prepare(self, function: catalog.Function) -> None:
        if function is not catalog.STATUS:
            from ... import table  # noqa: F401 - pandas: never on the office's own thread, which would stand still

    def follow(self, job_id: str, told: Callable[[Snapshot], object]) -> Subscription:
        return self._session.fetcher.subscribe(job_id, told)

    def close(self) -> None:
        from ..session import end

        end()


class _Result(unohelper.Base, XVolatileResult):  # type: ignore[misc]
    """A view as Calc holds it."""

    def __init__(self, served: ResultUpdater, view: SizedResult) -> None:
        self._answers = served
        self._view = view
        self._tells: list[tuple[Any, Tell]] = []

    def addResultListener(self, listener: Any) -> None:
        def tell(block: Block) -> None:
            event = ResultEvent()
            event.Source = self
            value = to_calc(block)
            event.Value = uno.Any("[][]any", value) if isinstance(value, tuple) else value
            listener.modified(event)

        self._tells.append((listener, tell))
        self._answers.listens(self._view, tell)

    def removeResultListener(self, listener: Any) -> None:
        for pair in [pair for pair in self._tells if pair[0] == listener]:
            self._tells.remove(pair)
            self._answers.left(self._view, pair[1])


class _Service(unohelper.Base, XServiceName, XServiceInfo):  # type: ignore[misc]
    """What every service says of itself."""

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
    """The functions; their methods are made from the catalogue, below."""

    name = identifiers.FUNCTIONS

    def __init__(self, context: Any) -> None:
        self._context = context
        self._locale = _ENGLISH

    def call(self, function: catalog.Function, values: tuple[object, ...]) -> _Result:
        served = updater(self._context)
        view = served.asked(function, tuple(map(from_calc, values, function.arguments)))
        if view.handle is None:
            view.handle = _Result(served, view)
        handle: _Result = view.handle  # type: ignore[assignment]
        return handle

    # The name in Excel's files, in every language.
    def getCompatibilityNames(self, method: str) -> tuple[Any, ...]:
        return (LocalizedName(_ENGLISH, identifiers.METHODS[method].name),) if method in identifiers.METHODS else ()

    def setLocale(self, locale: Any) -> None:
        self._locale = locale

    def getLocale(self) -> Any:
        return self._locale

    def getProgrammaticFuntionName(self, shown: str) -> str:  # so it is written there
        return next((method for method, function in identifiers.METHODS.items() if function.name == shown), "")

    def getDisplayFunctionName(self, method: str) -> str:
        return identifiers.METHODS[method].name if method in identifiers.METHODS else ""

    def getFunctionDescription(self, method: str) -> str:
        return identifiers.METHODS[method].help if method in identifiers.METHODS else ""

    def getDisplayArgumentName(self, method: str, place: int) -> str:
        return self._argument(method, place).name

    def getArgumentDescription(self, method: str, place: int) -> str:
        return self._argument(method, place).help

    def getProgrammaticCategoryName(self, _: str) -> str:
        return "Add-In"

    def getDisplayCategoryName(self, _: str) -> str:
        return catalog.CATEGORY

    def _argument(self, method: str, place: int) -> catalog.Argument:
        arguments = identifiers.METHODS[method].arguments if method in identifiers.METHODS else ()
        return arguments[place] if place < len(arguments) else catalog.Argument("", "")


def _method(function: catalog.Function) -> Callable[..., _Result]:
    def call(self: Functions, *values: object) -> _Result:
        return self.call(function, values)

    return call


for _name, _function in identifiers.METHODS.items():
    setattr(Functions, _name, _method(_function))


class Actions(_Service, XActions, XJobExecutor):  # type: ignore[misc]
    """What menus and macros do."""

    name = identifiers.ACTIONS

    def __init__(self, context: Any) -> None:
        self._context = context

    def act(self, document: Any, action: str) -> str:
        """Do something for a document; gives what came of it, and shows it in its window for a while."""
        from .commands import act

        inside = Documents(self._context).run_on_main_thread

        def say(text: str) -> None:
            status_bar.show(document, text, inside)

        text = act(updater(self._context), document, action, inside, say)
        say(text)
        return text

    def trigger(self, action: str) -> None:
        """The same for the document in front."""
        self.act(self._context.getByName("/singletons/com.sun.star.frame.theDesktop").getCurrentComponent(), action)


SERVICES: Final[dict[type, tuple[str, ...]]] = {
    Functions: (identifiers.FUNCTIONS, "com.sun.star.sheet.AddIn"),
    Actions: (identifiers.ACTIONS, "com.sun.star.task.Job"),
}
"""What LibreOffice is offered."""


def implementations() -> Any:
    """What the office's Python loader looks for in a component."""
    helper = unohelper.ImplementationHelper()
    for service, names in SERVICES.items():
        helper.addImplementation(service, service.name, names)  # type: ignore[attr-defined]
    return helper
