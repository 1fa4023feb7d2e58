"""A small window that asks for the API key, for people without a terminal.

It belongs to a process of its own: tkinter wants one thread for all its calls, and a fault of it must not end the
Python that Excel's cells use. The key stays in that process, which tries and keeps it; others learn only what came of
it.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from ..errors import AuthenticationError, ConfigurationError, MissingKeyError, OpenFunnelError
from ..runtime.thread_pool import start_thread

if TYPE_CHECKING:
    from ..workbook.languages import KeyWindow

_T = TypeVar("_T")
_POLL_MILLISECONDS: Final = 100
_WIDTH: Final = 500
"""Pixels at which texts are wrapped."""


class View(Protocol):
    """What the dialog needs of its window. All calls come from the thread that made it."""

    def show(self, text: str, *, waiting: bool) -> None:
        """Show a text below the field; while waiting the field takes nothing."""

    def later(self, function: Callable[[], object]) -> None:
        """Call a function soon."""

    def close(self) -> None: ...


class KeyDialog(Generic[_T]):
    """What the window does, without its widgets.

    Args:
        keep: tries and keeps what was typed; raises an `OpenFunnelError` that says why not: a `MissingKeyError` where
            it is no key, an `AuthenticationError` where the service refuses it.
        texts: what the window says.
        start: starts a thread with this name: trying can take a minute, in which the window must answer.

    Attributes:
        kept: what `keep` returned; None until then.
    """

    def __init__(
        self,
        keep: Callable[[str], _T],
        texts: KeyWindow,
        start: Callable[[str, Callable[[], None]], object] = start_thread,
    ) -> None:
        self.kept: _T | None = None
        self.texts = texts
        self._keep = keep
        self._start = start
        self._closed = False
        self._trying: Future[_T] | None = None

    def submit(self, view: View, typed: str) -> None:
        """Try and keep what was typed."""
        if self._trying is not None:
            return
        if not typed.strip():
            view.show(self.texts.empty, waiting=False)
            return
        trying: Future[_T] = Future()
        self._trying = trying

        def run() -> None:
            try:
                trying.set_result(self._keep(typed))
            except Exception as error:  # raised again on the window's thread
                trying.set_exception(error)

        view.show(self.texts.trying, waiting=True)
        self._start("key", run)
        view.later(lambda: self._look(view))

    def cancel(self, view: View) -> None:
        """Close the window. A key that is being tried may be kept all the same, and then counts as kept."""
        self._closed = True
        if self._trying is None:
            view.close()

    def _look(self, view: View) -> None:
        trying = self._trying
        if trying is None or not trying.done():
            view.later(lambda: self._look(view))
            return
        self._trying = None
        try:
            self.kept = trying.result()
        except MissingKeyError:
            view.show(self.texts.no_key, waiting=False)
        except AuthenticationError as error:
            view.show(self.texts.refused.format(status=error.status), waiting=False)
        except OpenFunnelError as error:
            view.show(error.message, waiting=False)
        except Exception as error:
            view.show(self.texts.unexpected.format(kind=type(error).__name__), waiting=False)
        if self._closed or self.kept is not None:
            view.close()


def ask(service: str, keep: Callable[[str], _T]) -> _T | None:
    """Show the window until a key is kept, or until it is closed, which gives None.

    Args:
        service: the service's address, as people write it.
        keep: as `KeyDialog` has it.

    Raises:
        ConfigurationError: no window can be shown here.
    """
    try:
        import tkinter as tk  # not every Python has it
    except ImportError:
        raise _no_window("this Python has no tkinter") from None
    from ..workbook.languages import language_of

    dialog = KeyDialog(keep, language_of(display_language()).key_window)
    with contextlib.suppress(AttributeError, OSError):  # only Windows has it: else the text is blurred
        windows: Any = ctypes
        windows.windll.shcore.SetProcessDpiAwareness(1)
    try:
        window = _Window(service, dialog)
    except tk.TclError as error:
        raise _no_window(str(error)) from None
    window.root.mainloop()
    return dialog.kept


def display_language() -> int:
    """The number of the language in which Windows speaks to the user; 0 on other systems."""
    try:
        return int(getattr(ctypes, "windll").kernel32.GetUserDefaultUILanguage())  # noqa: B009 - only Windows has it
    except AttributeError:
        return 0


def _no_window(reason: str) -> ConfigurationError:
    return ConfigurationError(f"No window can be shown here: {reason}. In a terminal, run: xl-openfunnel key set")


class _Window:
    def __init__(self, service: str, dialog: KeyDialog[Any]) -> None:
        import tkinter as tk
        from tkinter import ttk

        self.root = root = tk.Tk()
        root.withdraw()  # until it is complete
        root.title(dialog.texts.title)
        root.resizable(width=False, height=False)
        frame = ttk.Frame(root, padding=16)
        frame.grid()
        question = dialog.texts.question.format(service=service)
        ttk.Label(frame, text=question, wraplength=_WIDTH).grid(columnspan=2, sticky="w")
        self._typed = ttk.Entry(frame, show="•", width=56, exportselection=False)
        self._typed.grid(columnspan=2, sticky="we", pady=(10, 4))
        for event in ("<<Copy>>", "<<Cut>>"):  # the key goes to no clipboard
            self._typed.bind(event, lambda _: "break")
        self._text = ttk.Label(frame, wraplength=_WIDTH)
        self._text.grid(columnspan=2, sticky="w", pady=(0, 10))
        buttons = ttk.Frame(frame)
        buttons.grid(columnspan=2, sticky="e")
        self._keep = ttk.Button(buttons, text=dialog.texts.keep, default="active", command=self._submit)
        self._keep.grid(row=0, column=0, padx=(0, 8))
        ttk.Button(buttons, text=dialog.texts.cancel, command=self._cancel).grid(row=0, column=1)
        self._dialog = dialog
        root.bind("<Return>", lambda _: self._submit())
        root.bind("<Escape>", lambda _: self._cancel())
        root.protocol("WM_DELETE_WINDOW", self._cancel)
        self._come_to_front()

    def show(self, text: str, *, waiting: bool) -> None:
        self._text.configure(text=text)
        for widget in (self._typed, self._keep):
            widget.state(["disabled" if waiting else "!disabled"])
        if not waiting:
            self._typed.focus_set()
            self._typed.selection_range(0, "end")  # so that the next key replaces it

    def later(self, function: Callable[[], object]) -> None:
        self.root.after(_POLL_MILLISECONDS, function)

    def close(self) -> None:
        self._typed.state(["!disabled"])
        self._typed.delete(0, "end")
        self.root.destroy()

    def _submit(self) -> None:
        self._dialog.submit(self, self._typed.get())

    def _cancel(self) -> None:
        self._dialog.cancel(self)

    def _come_to_front(self) -> None:
        """Above Excel, which is in front: a process that is not may not take its place, but may stay above it."""
        self.root.update_idletasks()
        right = (self.root.winfo_screenwidth() - self.root.winfo_reqwidth()) // 2
        down = (self.root.winfo_screenheight() - self.root.winfo_reqheight()) // 3
        self.root.geometry(f"+{max(right, 0)}+{max(down, 0)}")
        self.root.attributes("-topmost", True)  # noqa: FBT003 - Tk knows no keywords here
        self.root.deiconify()
        self.root.lift()
        self.root.focus_force()
        self._typed.focus_set()
