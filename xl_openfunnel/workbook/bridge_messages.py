"""Every text about Excel and Python that the VBA of a workbook may show in a cell, in place of a function's."""

from __future__ import annotations

from typing import Final

from ..functions.formula_messages import FormulaMessage

BRIDGE_MESSAGES: Final = (
    FormulaMessage(
        "starting", "Python starts, once for all of Excel: wait a few seconds, and the cell changes by itself"
    ),
    FormulaMessage(
        "#OF! Excel does not know yet where Python is. Run `xl-openfunnel install` in a terminal, then press Ctrl+Alt+F9.",
        "as it says",
    ),
    FormulaMessage(
        "#OF! Python is not there any more. Run `xl-openfunnel install` in a terminal, then press Ctrl+Alt+F9. It was <path>",
        "Python or its environment was moved or removed: install it again, then do as it says",
    ),
    FormulaMessage(
        "#OF! These macros were made for xlwings <version>, and Excel's Python has <version>. In a terminal, <what to do>",
        "as it says: [Updates](excel.md#updates)",
    ),
    FormulaMessage(
        "#OF! <DLL> is missing or blocked, perhaps by an antivirus program. Allow it, or run `xl-openfunnel doctor` in a terminal. It belongs to <path>",
        "`doctor` tells whether it is missing or which policy blocks it; show that to IT",
    ),
    FormulaMessage(
        "#OF! Python did not start. Run `xl-openfunnel doctor` in a terminal. <details>",
        "the details are Windows' own words. After 15 seconds the next calculation tries it again; *Refresh* does so at once",
    ),
    FormulaMessage(
        "#OF! Python ended while it started (exit code <number>). Run `xl-openfunnel doctor` in a terminal. <details>",
        "the details are Python's last words. It is tried again as above",
    ),
    FormulaMessage(
        "#OF! Python has stopped (exit code <number>). Run `xl-openfunnel doctor` in a terminal. <details>",
        "the same, soon after it had started",
    ),
    FormulaMessage(
        "#OF! Python was started more than a minute ago, and does not answer yet. If it does not help to wait: Run `xl-openfunnel doctor` in a terminal.",
        "a slow computer, or a program that keeps Python from starting: wait, or end `pythonw` in the Task Manager and press *Refresh*",
    ),
    FormulaMessage(
        "#OF! Python has stopped, and did not start again. Press Ctrl+Alt+F9; if that does not help, run `xl-openfunnel doctor` in a terminal.",
        "as it says",
    ),
    FormulaMessage(
        "#OF! Python did not answer. Press Ctrl+Alt+F9; if that does not help, run `xl-openfunnel doctor` in a terminal. <details>",
        "as it says",
    ),
    FormulaMessage(
        "#OF! You pressed Esc before Python answered. Press Ctrl+Alt+F9 to ask it again.",
        "as it says",
    ),
    FormulaMessage("#OF! Give one block of cells, not several.", "a formula takes `A2:A9`, and not `(A2:A4,A7:A9)`"),
    FormulaMessage(
        "#OF! Run `xl-openfunnel install --calc` in a terminal, then restart LibreOffice.",
        "as it says: [LibreOffice Calc](calc.md)",
    ),
    FormulaMessage("#OF! The functions need Excel on Windows.", "on a Mac: the [command line](commands.md)"),
)
