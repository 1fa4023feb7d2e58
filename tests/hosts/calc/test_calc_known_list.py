"""*Keep as known list* in LibreOffice Calc, with a user who answers its questions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.hosts.basic import libreoffice
from tests.hosts.basic.libreoffice import LibreOffice
from tests.hosts.calc import window
from tests.hosts.calc.home import UserHome, user_home
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies
from xl_openfunnel.workbook.languages import languages

USER: Final = """\
Option VBASupport 1
Private typed As String
Private button As String
Private asked As String

' What the menu tells at once, and behind it the name that was proposed and the question that was asked.
Public Function Keep(area As String, text As String, yesOrNo As String) As String
    Dim toolkit As Object, listener As Object, cells As Object, part As Variant
    typed = text
    button = yesOrNo
    asked = ""
    Set cells = ThisComponent.createInstance("com.sun.star.sheet.SheetCellRanges")
    For Each part In Split(area, ",")
        cells.addRangeAddress ThisComponent.Sheets.getByIndex(0).getCellRangeByName(part).RangeAddress, False
    Next part
    If cells.Count = 1 Then Set cells = cells.getByIndex(0)
    ThisComponent.CurrentController.select cells
    Set toolkit = CreateUnoService("com.sun.star.awt.Toolkit")
    Set listener = CreateUnoListener("Window_", "com.sun.star.awt.XTopWindowListener")
    toolkit.addTopWindowListener listener
    Keep = CreateUnoService("xlopenfunnel.calc.Actions").act(ThisComponent, "keep list")
    toolkit.removeTopWindowListener listener
    Keep = Keep & asked
End Function

Sub Window_windowOpened(event As Object)
    Dim later As Object
    Set later = CreateUnoService("com.sun.star.awt.AsyncCallback") ' a dialog ends only once it waits
    later.addCallback CreateUnoListener("Later_", "com.sun.star.awt.XCallback"), event.Source
End Sub

Sub Later_notify(dialog As Object)
    Dim pressed As Object, field As Object
    Set pressed = Found(dialog.AccessibleContext, button)
    Set field = Found(dialog.AccessibleContext, "")
    asked = asked & "|" & field.getText()
    If pressed Is Nothing Then
        If Len(typed) > 0 Then field.setText typed
        Set pressed = Found(dialog.AccessibleContext, "OK")
    End If
    pressed.doAccessibleAction 0
End Sub

' The button of that name; else what has a text that can be edited, as that of a question counts too.
Private Function Found(parent As Object, name As String) As Object
    Dim i As Long, part As Object
    Set Found = Nothing
    For i = 0 To parent.getAccessibleChildCount() - 1
        Set part = parent.getAccessibleChild(i).getAccessibleContext()
        If Len(name) = 0 Then
            If HasUnoInterfaces(part, "com.sun.star.accessibility.XAccessibleEditableText") Then Set Found = part
        ElseIf part.getAccessibleName() = name Then
            Set Found = part
        Else
            Set Found = Found(part, name)
        End If
        If Not (Found Is Nothing) Then Exit Function
    Next i
End Function

Sub Window_windowActivated(event As Object)
End Sub
Sub Window_windowClosed(event As Object)
End Sub
Sub Window_windowClosing(event As Object)
End Sub
Sub Window_windowDeactivated(event As Object)
End Sub
Sub Window_windowMinimized(event As Object)
End Sub
Sub Window_windowNormalized(event As Object)
End Sub
Sub Window_disposing(event As Object)
End Sub
Sub Later_disposing(event As Object)
End Sub
"""

ROWS = companies(60, seed=7)
ACCOUNTS = [f"www.{company['domain']}" for company in ROWS if company["domain"]][:20]
HEADER: Final = "confidential@gmail.com"
"""The first account, which is taken for the name of the column: no company is known by it."""

READING: Final = "Reading the companies ..."
TEXTS = languages()["en"].messages


@pytest.fixture
def own_user() -> Iterator[UserHome]:
    if why := libreoffice.why_missing() or window.why_missing():
        pytest.skip(why)
    with Simulator([SimulatedJob(ROWS, job_id="job")]) as service, user_home(service) as made:
        assert made.run("install", "--calc").returncode == 0
        yield made


@pytest.fixture
def calc(own_user: UserHome) -> Iterator[LibreOffice]:
    """A sheet with a job, how many of its companies are new, and some of them as accounts without a header.

    In a window: a LibreOffice without one cancels each dialog.
    """
    with (
        window.display(own_user.environ) as display,
        LibreOffice(own_user.profile, display.environ, window=True) as running,
    ):
        running.new({"User": USER}, {"C3": "Acme", "D3": HEADER})
        for row, account in enumerate(ACCOUNTS, 4):
            running.enter("Sheet1", f"D{row}", account)
        running.enter("Sheet1", "A1", "job")
        running.enter("Sheet1", "A2", '=OF_NEW(A1;"accounts";"";"";"count")')
        yield running


def test_selected_cells_become_a_known_list_that_cells_follow(calc: LibreOffice, own_user: UserHome) -> None:
    def keep(area: str, typed: str = "", button: str = "No") -> list[str]:
        return str(calc.call("User.Keep", area, typed, button)).split("|")

    def new(before: float = 0.0) -> float:
        *_, [[shown]] = calc.wait_until("Sheet1", "A2", lambda shown: isinstance(shown, float) and shown != before)
        return float(str(shown))

    assert keep("C:D", typed="Accounts?") == [READING, "Sheet1"]
    few = new()
    said, proposed, question = keep("D4:D8", typed="accounts")
    assert (said, proposed) == ("Nothing was kept.", "Sheet1")
    begin = TEXTS.replace_list.partition("{date}")[0].format(list="accounts", companies=len(ACCOUNTS))
    assert question.startswith(begin)
    assert keep("D4:D8", typed="accounts", button="Yes") == [READING, "Sheet1", question]
    assert (many := new(few)) > few
    assert keep("D5", typed="accounts", button="Yes")[0] == READING  # all around it
    assert new(many) == few
    assert keep("D5", typed="###") == [TEXTS.no_list_name, "Sheet1"]
    assert keep("C3:C5,D9") == [TEXTS.one_block]
    logs = "".join(file.read_text("utf-8") for file in own_user.folder.rglob("*.log"))
    assert "keep list: done" in logs
    assert HEADER not in logs
