"""Asks the user of Calc something, in LibreOffice's language as far as there are texts in it."""

from __future__ import annotations

from typing import Any, Final

import uno
from com.sun.star.awt import Selection
from com.sun.star.awt.MessageBoxType import QUERYBOX
from com.sun.star.beans import PropertyValue

from ...workbook.languages import ENGLISH, Messages, languages

_TITLE: Final = "OpenFunnel"
_OK, _CANCEL = 1, 2  # com.sun.star.awt.PushButtonType, and what a dialog gives that is ended with OK
_POSITION: Final = 3  # com.sun.star.awt.PosSize.POS
_YES_OR_NO: Final = 3 + 0x30000  # com.sun.star.awt.MessageBoxButtons, with DEFAULT_BUTTON_NO
_YES: Final = 2  # com.sun.star.awt.MessageBoxResults


class Questions:
    """Questions in front of a document's window. To be used on LibreOffice's main thread."""

    def __init__(self, context: Any, document: Any) -> None:
        self._context = context
        self._window = document.CurrentController.Frame.ContainerWindow

    def texts(self) -> Messages:
        """The texts in LibreOffice's language, else in English."""
        spoken = languages()
        node = PropertyValue()
        node.Name, node.Value = "nodepath", "/org.openoffice.Setup/L10N"
        settings = self._create("com.sun.star.configuration.ConfigurationProvider").createInstanceWithArguments(
            "com.sun.star.configuration.ConfigurationAccess", (node,)
        )
        code = str(settings.getByName("ooLocale")).partition("-")[0]
        return spoken.get(code, spoken[ENGLISH]).messages

    def ask_text(self, question: str, proposed: str) -> str:
        """What the user types; ``""`` if they type nothing, or close the window."""
        model = self._create("com.sun.star.awt.UnoControlDialogModel")
        model.Title, model.Width, model.Height = _TITLE, 240, 66
        controls: dict[str, tuple[str, tuple[int, int, int, int], dict[str, object]]] = {
            "question": ("FixedText", (8, 6, 224, 20), {"Label": question, "MultiLine": True}),
            "answer": ("Edit", (8, 26, 224, 14), {"Text": proposed}),
            "ok": ("Button", (128, 46, 50, 14), {"PushButtonType": _OK, "DefaultButton": True}),
            "cancel": ("Button", (182, 46, 50, 14), {"PushButtonType": _CANCEL}),
        }
        for name, (kind, (left, top, width, height), properties) in controls.items():
            control = model.createInstance(f"com.sun.star.awt.UnoControl{kind}Model")
            control.PositionX, control.PositionY, control.Width, control.Height = left, top, width, height
            for key, value in properties.items():
                setattr(control, key, uno.Any("short", value) if key == "PushButtonType" else value)
            model.insertByName(name, control)
        dialog = self._create("com.sun.star.awt.UnoControlDialog")
        dialog.setModel(model)
        dialog.createPeer(self._window.getToolkit(), self._window)
        outer, own = self._window.getPosSize(), dialog.getPosSize()
        dialog.setPosSize((outer.Width - own.Width) // 2, (outer.Height - own.Height) // 3, 0, 0, _POSITION)
        answer = dialog.getControl("answer")
        answer.setSelection(Selection(0, len(proposed)))
        answer.setFocus()
        try:
            return str(answer.getText()).strip() if dialog.execute() == _OK else ""
        finally:
            dialog.dispose()

    def confirm(self, question: str) -> bool:
        """Whether the user says yes; Enter alone says no."""
        box = self._window.getToolkit().createMessageBox(self._window, QUERYBOX, _YES_OR_NO, _TITLE, question)
        try:
            return bool(box.execute() == _YES)
        finally:
            box.dispose()

    def _create(self, service: str) -> Any:
        return self._context.ServiceManager.createInstanceWithContext(service, self._context)
