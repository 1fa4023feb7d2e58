Attribute VB_Name = "OpenFunnelButtons"
' What macros, the ribbon and the menu of cells do. Nothing here waits for Python.
Option Explicit
Option Private Module ' hides these functions from the function wizard
#Const LibreOffice = False ' LibreOffice ignores every line that starts with #, so it runs the code that VBA leaves out

Public openRibbon As IRibbonUI ' Nothing after a reset of VBA: then the ribbon stays as it is shown, and its buttons work

Private Const AddinName As String = "OpenFunnel.xlam"
Private Const LiveVariable As String = "XL_OPENFUNNEL_LIVE" ' process id|"on" or "paused": for all files of this Excel, and Python's next start
Private Const MenuHead As String = "<menu xmlns=""http://schemas.microsoft.com/office/2009/07/customui"">"

Private liveDue As Boolean      ' whether Python is to be told once it serves
Private lastMenu As String      ' of jobs, for when Python does not serve
Private enteredIn As Object     ' the cell into which a job was entered last
Private enteredBefore As Variant ' what it held: a formula, or a value
Private hadFormula As Boolean

Public Sub OpenFunnelLive(onOff As Boolean)
    Dim number As Long, description As String
#If LibreOffice Then
    OpenFunnelAct "live" ' which tells the user that LibreOffice has no such setting
    Exit Sub
#End If
    On Error GoTo Failed
    RefuseElsewhere
    OpenFunnelStays
    RememberLive onOff
    Answer "live", Array(CStr(Application.Hwnd), onOff)
    liveDue = False
    OpenFunnelRedraw
    Exit Sub
Failed:
    number = Err.Number
    description = Err.Description
    If number = StillStarting Or number = StartsSlowly Then
        liveDue = True
        LookIn 1
    Else
        Complain number, description
    End If
    OpenFunnelRedraw
End Sub

' Called when Python serves.
Public Sub OpenFunnelServed()
    If liveDue Then OpenFunnelLive OpenFunnelIsLive()
End Sub

' Whether cells are live. Python is only asked where it serves.
Public Function OpenFunnelIsLive() As Boolean
    Dim known As Variant, state As String
    OpenFunnelIsLive = True
#If Mac = 0 Then
    On Error Resume Next ' an earlier Python cannot tell
    If Not liveDue And PythonServes() Then state = CStr(Answer("live_state", Array(CStr(Application.Hwnd))))
    On Error GoTo 0
    If Len(state) > 0 Then RememberLive state <> "paused"
    known = Recalled(LiveVariable, 2)
    If IsArray(known) Then OpenFunnelIsLive = known(1) <> "paused"
#End If
End Function

Private Sub RememberLive(ByVal onOff As Boolean)
#If Mac = 0 Then
    SetEnvironmentText LiveVariable, ProcessId() & "|" & IIf(onOff, "on", "paused")
#End If
End Sub

' Has Python run a command for the selected cell, its sheet or workbook, for the job that the user was asked about, or for an
' area of cells and the name that the user gave.
' Only Python writes progress and result to the status bar: the command may be done before this call returns.
Public Sub OpenFunnelAct(action As String, Optional given As String, Optional area As String)
#If LibreOffice Then
    If IsNull(CreateUnoService("xlopenfunnel.calc.Actions")) Then
        Tell Elsewhere()
    Else
        CreateUnoService("xlopenfunnel.calc.Actions").act ThisComponent, action
    End If
    Exit Sub
#End If
    Dim refusal As String, number As Long, description As String
    On Error GoTo Failed
    RefuseElsewhere
    OpenFunnelStays
#If Mac = 0 Then
    If Left$(action, 7) = "refresh" Then ForgetFailure
    If action = "set key" Then LetComeToFront
#End If
    refusal = CStr(Answer("act", Array(CStr(Application.Hwnd), action, SelectedCell(), IIf(Len(area) > 0, area, SelectedText()), given)))
    If Len(refusal) > 0 Then Refuse refusal
    Exit Sub
Failed:
    number = Err.Number
    description = Err.Description
    If number = StillStarting Then LookIn 1
    Complain number, description
End Sub

' The job that the selected cell holds or shows, or "" after a message that says why there is none.
Public Function OpenFunnelJobHere() As String
    Dim job As String
    On Error GoTo Failed
    RefuseElsewhere
    job = CStr(Answer("job_here", Array(CStr(Application.Hwnd), SelectedCell(), SelectedText())))
    If Len(job) = 0 Then Tell OpenFunnelText("message no_job_here")
    OpenFunnelJobHere = job
    Exit Function
Failed:
    Complain Err.Number, Err.Description
End Function

' Asks the user a question about a job; Enter alone says no.
Public Function OpenFunnelAsk(question As String, job As String, Optional details As String, Optional cell As String) As Boolean
    Dim text As String
    text = Replace(Replace(OpenFunnelText("message " & question), "{job}", job), "{cell}", cell)
    If Len(details) > 0 Then text = text & vbNewLine & vbNewLine & OpenFunnelText("message " & details)
    OpenFunnelAsk = Confirmed(text)
End Function

Private Function Confirmed(text As String) As Boolean
    Confirmed = MsgBox(text, vbYesNo + vbExclamation + vbDefaultButton2, "OpenFunnel") = vbYes
End Function

' The name under which the user has the selected companies kept, and their cells' address; "" if they do not after all.
Public Function OpenFunnelListName(ByRef area As String) As String
    Dim kept As Variant, text As String
    On Error GoTo Failed
    RefuseElsewhere
    area = SelectedArea()
    If Len(area) = 0 Then
        Tell OpenFunnelText("message one_block")
        Exit Function
    End If
    kept = Split(CStr(Answer("known_list", Array(TitleHere()))), "|")
    text = InputBox(OpenFunnelText("message list_name"), "OpenFunnel", kept(0))
    If Len(text) = 0 Then Exit Function
    kept = Split(CStr(Answer("known_list", Array(text))), "|")
    If Len(kept(0)) = 0 Then
        Tell OpenFunnelText("message no_list_name")
        Exit Function
    End If
    text = Replace(OpenFunnelText("message replace_list"), "{list}", kept(0))
    text = Replace(Replace(text, "{companies}", kept(1)), "{date}", kept(2))
    If Len(kept(1)) > 0 Then
        If Not Confirmed(text) Then Exit Function
    End If
    OpenFunnelListName = kept(0)
    Exit Function
Failed:
    Complain Err.Number, Err.Description
End Function

' "" if no cells are selected, or several blocks of them.
Private Function SelectedArea() As String
    On Error Resume Next
    If Application.Selection.Areas.Count = 1 Then SelectedArea = Application.Selection.Address
End Function

' The name of the table that the selected cell is in, else of its sheet.
Private Function TitleHere() As String
    On Error Resume Next
    TitleHere = ActiveCell.Worksheet.Name
    TitleHere = ActiveCell.ListObject.Name ' an error where there is no table
End Function

' The ribbon's menu of jobs. Where Python does not serve, the last one that it gave.
Public Function OpenFunnelJobMenu(onAction As String) As String
    Dim number As Long, description As String
    On Error GoTo Failed
    RefuseElsewhere
    OpenFunnelStays
    OpenFunnelJobMenu = CStr(Answer("job_menu", Array(onAction)))
    lastMenu = OpenFunnelJobMenu
    If Len(lastMenu) = 0 Then OpenFunnelJobMenu = MenuThatSays(OpenFunnelText("message no_jobs"))
    Exit Function
Failed:
    number = Err.Number
    description = Err.Description
    If number = StillStarting Then LookIn 1
    OpenFunnelJobMenu = lastMenu
    If Len(lastMenu) > 0 Then Exit Function
    If number = StillStarting Then description = OpenFunnelText("message starting") Else description = ReasonText(number, description)
    OpenFunnelJobMenu = MenuThatSays(description)
End Function

' A label shows an ampersand only where there are two: one marks the key that chooses the entry.
Private Function MenuThatSays(ByVal text As String) As String
    Dim i As Long
    text = Left$(text, 250)
    For i = 0 To 31 ' XML has none of these
        text = Replace(text, Chr$(i), " ")
    Next i
    text = Replace(Replace(Replace(Replace(text, "&", "&amp;&amp;"), "<", "&lt;"), ">", "&gt;"), """", "&quot;")
    MenuThatSays = MenuHead & "<button id=""OpenFunnelNoJob"" enabled=""false"" label=""" & text & """/></menu>"
End Function

' Enters a job into the active cell as text, also where it looks like a number. What the cell held is replaced only if the user says so.
Public Sub OpenFunnelEnterJob(job As String)
    Dim cell As Object, before As Variant, isFormula As Boolean, isSpilled As Boolean, description As String
    On Error GoTo Failed
    If Not OpenFunnelIsUsable("cell") Then
        Tell OpenFunnelText("message no_cell")
        Exit Sub
    End If
    Set cell = ActiveCell
    isSpilled = ShowsSpilled(cell)
    If Not isSpilled Then ' what another cell's formula shows here is nothing that this one holds
        isFormula = cell.HasFormula
        If isFormula Then before = FormulaOf(cell) Else before = cell.Value2
    End If
    If isSpilled Or isFormula Or Not IsEmpty(before) Then
        If Not OpenFunnelAsk("replace", job, , cell.Address(False, False)) Then Exit Sub
    End If
    cell.Value2 = "'" & job
    Set enteredIn = cell
    enteredBefore = before
    hadFormula = isFormula
    Application.OnUndo OpenFunnelText("message undo"), MacrosOfThis() & "OpenFunnelUndo"
    Exit Sub
Failed:
    description = Err.Description ' which is lost once another error is handled
    Tell Replace(OpenFunnelText("message not_entered"), "{reason}", description)
End Sub

' Whether another cell's formula spills over this one, and shows #SPILL! once something is entered here.
Private Function ShowsSpilled(ByVal cell As Object) As Boolean
    On Error Resume Next ' before Excel 2021 nothing spills
    If cell.HasSpill Then ShowsSpilled = cell.SpillParent.Address <> cell.Address
End Function

' What Ctrl+Z does after a job was entered.
Public Sub OpenFunnelTakeBack()
    If enteredIn Is Nothing Then Exit Sub
    On Error Resume Next ' the cell may be gone, or locked by now
    If Not hadFormula Then
        If VarType(enteredBefore) = vbString Then enteredBefore = "'" & enteredBefore
        enteredIn.Value2 = enteredBefore
    Else
        enteredIn.Formula2 = enteredBefore
        If Err.Number <> 0 Then enteredIn.Formula = enteredBefore ' before Excel 2021
    End If
    Set enteredIn = Nothing
End Sub

Private Function FormulaOf(ByVal cell As Object) As String
    On Error Resume Next
    FormulaOf = cell.Formula
    FormulaOf = cell.Formula2 ' which Formula would give with @ where it spills; before Excel 2021 there is none
End Function

' Has Excel ask again what the ribbon shows.
Public Sub OpenFunnelRedraw()
    On Error Resume Next
    If Not openRibbon Is Nothing Then openRibbon.Invalidate
End Sub

' The workbook has a tab of its own where the add-in's is missing.
Public Function OpenFunnelShowsRibbon() As Boolean
    Dim addin As Object
    OpenFunnelShowsRibbon = True
    On Error Resume Next
    If StrComp(ThisWorkbook.Name, AddinName, vbTextCompare) = 0 Then Exit Function
    Set addin = Application.Workbooks.Item(AddinName) ' an error where it is not open
    OpenFunnelShowsRibbon = addin Is Nothing
End Function

' Whether there is what a control needs: "cell", "workbook" or nothing.
Public Function OpenFunnelIsUsable(needs As String) As Boolean
    OpenFunnelIsUsable = True
    On Error Resume Next
    If needs = "workbook" Then OpenFunnelIsUsable = Not (ActiveWindow Is Nothing)
    If needs = "cell" Then OpenFunnelIsUsable = Not (ActiveCell Is Nothing)
    If Err.Number <> 0 Then OpenFunnelIsUsable = False
End Function

' A control is named after its macro, in a menu of cells with the menu's name behind it.
Public Function OpenFunnelMacroOf(control As String) As String
    OpenFunnelMacroOf = Split(control, "ContextMenu")(0)
End Function

' "" if no cell is selected, as on a chart sheet.
Private Function SelectedCell() As String
    On Error Resume Next
    SelectedCell = ActiveCell.Address(External:=True)
End Function

Private Function SelectedText() As String
    On Error Resume Next
    SelectedText = CStr(ActiveCell.Value2)
End Function

Private Sub Complain(ByVal number As Long, description As String)
    Tell ReasonText(number, description)
End Sub

Private Sub Tell(text As String)
    MsgBox text, vbExclamation, "OpenFunnel"
End Sub
