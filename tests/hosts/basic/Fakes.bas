' What the tests tell the stand-ins, and what these have noted.
Option VBASupport 1
Option Explicit

Public interpreter As String   ' what the user's setting says
Public folderWithDll As String
Public hasInterpreter As Boolean
Public startFailure As String
Public plan As String          ' what the server does at its calls: "gone,answer"
Public callingAddress As String ' the range that calls, if any
Public evaluated As String      ' the number of the error that evaluating gives, if any
Public answered As Variant      ' what the server answers
Public excel As FakeExcel
Public dirtyCalculates As Boolean ' whether Excel calculates what is marked at once
Private notes As String
Private pressed As Long         ' the button that is pressed in a box
Private typed As String         ' what is typed into a box

Public Sub SetUp(setting As Variant, dllFolder As Variant, there As Variant, failure As Variant, steps As Variant)
    interpreter = setting
    folderWithDll = dllFolder
    hasInterpreter = there
    startFailure = failure
    plan = steps
    answered = "answer"
    pressed = vbYes
    typed = "as proposed"
    SetUpWindows
    Set excel = New FakeExcel
    excel.DisplayAlerts = True
    excel.CancelKey = 1
    Set excel.Workbooks = New Collection
    Set excel.Addin = NewBook("OpenFunnel.xlam", "", True)
    Set excel.Selection = New FakeSelection
    Set excel.Selection.Worksheet = NewBook("Accounts 2026", "", True) ' which has a name
    SelectAreas 1
    Set excel.Languages = New FakeLanguages
    excel.Languages.Number = 1033
End Sub

Public Sub PlanCalls(steps As Variant)
    plan = steps
End Sub

Public Sub CalculatesDirty(yes As Variant)
    dirtyCalculates = yes
End Sub

Private Function NewBook(name As Variant, links As Variant, saved As Variant) As FakeBook
    Set NewBook = New FakeBook
    NewBook.Name = name
    NewBook.FullName = "C:\Users\me\XLSTART\" & name
    NewBook.Links = links
    NewBook.Saved = saved
End Function

' The user opens a workbook, and Excel tells the add-in.
Public Sub OpenBook(name As Variant, links As Variant, saved As Variant, isProtected As Variant)
    Dim book As FakeBook
    Set book = NewBook(name, links, saved)
    book.IsProtected = isProtected
    excel.Workbooks.Add book
    AtOpeningAddin.host_WorkbookOpen book
End Sub

Public Function CancelKeyIs() As Variant
    CancelKeyIs = excel.CancelKey
End Function

Public Sub SetCancelKey(wanted As Variant)
    excel.CancelKey = wanted
End Sub

Public Sub LockCancelKey()
    excel.CancelKeyIsLocked = True
End Sub

Public Sub SelectAreas(number As Variant)
    Dim i As Long
    Set excel.Selection.Areas = New Collection
    For i = 1 To number
        excel.Selection.Areas.Add i
    Next i
End Sub

Public Sub SelectInTable(name As Variant)
    Set excel.Selection.ListObject = NewBook(name, "", True)
End Sub

Private Function NewControl(id As Variant, tag As Variant) As FakeControl
    Set NewControl = New FakeControl
    NewControl.ID = id
    NewControl.Tag = tag
End Function

Public Sub PressButton(id As Variant, tag As Variant)
    OpenFunnelAddinPress NewControl(id, tag)
End Sub

Public Sub PressToggle(down As Variant)
    OpenFunnelAddinToggle NewControl("", ""), CBool(down)
End Sub

Public Sub ChooseJob(job As Variant)
    OpenFunnelAddinJob NewControl("OpenFunnelJob1", job)
End Sub

' What the ribbon shows of a control.
Public Function Asked(callback As Variant, tag As Variant) As Variant
    Dim control As FakeControl, shown As Variant
    Set control = NewControl("", tag)
    Select Case callback
        Case "Visible": OpenFunnelAddinVisible control, shown
        Case "Group": OpenFunnelAddinGroup control, shown
        Case "Label": OpenFunnelAddinLabel control, shown
        Case "Caption": OpenFunnelAddinCaption control, shown
        Case "Screentip": OpenFunnelAddinScreentip control, shown
        Case "Supertip": OpenFunnelAddinSupertip control, shown
        Case "Keytip": OpenFunnelAddinKeytip control, shown
        Case "Enabled": OpenFunnelAddinEnabled control, shown
        Case "Pressed": OpenFunnelAddinPressed control, shown
        Case "Jobs": OpenFunnelAddinJobs control, shown
    End Select
    Asked = shown
End Function

Public Sub ActivateBook(comes As Variant)
    Dim book As FakeBook
    Set book = excel.Addin
    If comes Then
        AtOpeningAddin.host_WorkbookActivate book
    Else
        AtOpeningAddin.host_WorkbookDeactivate book
    End If
End Sub

Public Sub OpenAddin()
    Dim book As FakeBook
    Set book = excel.Addin
    excel.Workbooks.Add book, book.Name
End Sub

Public Sub LoadRibbon()
    Dim drawn As FakeRibbon
    Set drawn = New FakeRibbon
    OpenFunnelAddinLoaded drawn
End Sub

' What a reset of VBA does: all variables are lost.
Public Sub LoseRibbon()
    Set openRibbon = Nothing
End Sub

Public Sub Speak(number As Variant)
    excel.Languages.Number = number
End Sub

Public Sub Lack(noCells As Variant, noBooks As Variant)
    excel.LacksCells = noCells
    excel.LacksBooks = noBooks
End Sub

Public Function CellHolds() As Variant
    CellHolds = excel.Selection.Value2 & "|" & TypeName(excel.Selection.Value2) & "|" & excel.Selection.HasFormula
End Function

Public Sub TypeIntoCell(formula As Variant)
    excel.Selection.Formula = formula
End Sub

' A formula in another cell spills over the active one.
Public Sub SpillOverCell()
    Set excel.Selection.SpillParent = excel.CellAt("$A$9")
    excel.Selection.HasSpill = True
End Sub

Public Sub LockCell()
    excel.Selection.IsLocked = True
End Sub

Public Function LinksOf(number As Variant) As Variant
    Dim book As FakeBook
    Set book = excel.Workbooks.Item(number)
    LinksOf = book.Links
End Function

Public Function SavedOf(number As Variant) As Variant
    Dim book As FakeBook
    Set book = excel.Workbooks.Item(number)
    SavedOf = book.Saved
End Function

Public Function AlertsShown() As Variant
    AlertsShown = excel.DisplayAlerts
End Function

Public Sub Calling(address As Variant, errorNumber As Variant)
    callingAddress = address
    evaluated = errorNumber
End Sub

Public Function SavedAfterOpening(saved As Variant) As Variant
    ThisWorkbook.Saved = saved
    OpenFunnelLook
    SavedAfterOpening = ThisWorkbook.Saved
End Function

' A box with a message, in which Yes is pressed unless a test says otherwise.
Public Function ShowBox(text As Variant, buttons As Variant, title As Variant) As Variant
    Note "box " & Replace(text, vbNewLine, " ") & "|" & buttons & "|" & title
    ShowBox = pressed
End Function

' A box to type into: this is typed, or what it proposes is left.
Public Function ShowInput(text As Variant, title As Variant, proposed As Variant) As Variant
    Note "input " & text & "|" & title & "|" & proposed
    If typed = "as proposed" Then ShowInput = proposed Else ShowInput = typed
End Function

Public Sub Typing(text As Variant)
    typed = text
End Sub

Public Sub Answering(text As Variant)
    answered = text
End Sub

' Python answers cells, of which those of digits are numbers, whole ones Longs; in an array of rows, or the only cell.
Public Sub AnsweringCells(text As Variant, inArray As Variant)
    Dim lines As Variant, parts As Variant, row As Long, column As Long
    lines = Split(text, Chr(10))
    parts = Split(lines(0), Chr(9))
    Dim cells() As Variant
    ReDim cells(0 To UBound(lines), 0 To UBound(parts))
    For row = 0 To UBound(lines)
        parts = Split(lines(row), Chr(9))
        For column = 0 To UBound(parts)
            cells(row, column) = parts(column)
            If IsNumeric(parts(column)) Then cells(row, column) = CDbl(parts(column))
            If IsNumeric(parts(column)) And InStr(parts(column), ".") = 0 Then cells(row, column) = CLng(parts(column))
        Next column
    Next row
    If inArray Then answered = cells Else answered = cells(0, 0)
End Sub

' What a function of the workbook gives, whose arguments are left to the stand-ins.
Public Function ShownBy(functionName As Variant) As Variant
    If functionName = "OF_LOOKUP" Then
        ShownBy = Shown(OpenFunnelFunctions.OF_LOOKUP("job_1", "x", "name", ""))
    Else
        ShownBy = Shown(OpenFunnelFunctions.OF_STATUS("job_1"))
    End If
End Function

Public Sub HideBook()
    excel.IsAddin = True
    excel.IsHidden = True
End Sub

Public Sub RenameBook()
    excel.IsRenamed = True
End Sub

Public Sub Press(button As Variant)
    pressed = button
End Sub

' A library that does not compile answers nothing, without an error.
Public Function Ready() As Variant
    Ready = "ready"
End Function

Public Function Noted() As Variant
    Noted = notes
    notes = ""
End Function

Public Sub Note(text As Variant)
    notes = notes & text & Chr(10)
End Sub

Public Function NextStep() As Variant
    Dim comma As Long
    comma = InStr(plan, ",")
    If comma = 0 Then
        NextStep = plan
    Else
        NextStep = Left(plan, comma - 1)
        plan = Mid(plan, comma + 1)
    End If
End Function

' A value or an array of one or two dimensions as text: [[1;Empty]["a";2]]
Public Function Shown(value As Variant) As Variant
    Dim i As Long, j As Long, columns As Long
    If IsObject(value) Then
        Shown = TypeName(value)
        Exit Function
    End If
    If Not IsArray(value) Then
        If IsEmpty(value) Then
            Shown = "Empty"
        ElseIf IsError(value) Then
            Shown = CStr(value)
        ElseIf VarType(value) = vbString Then
            Shown = """" & value & """"
        Else
            Shown = CStr(value)
        End If
        Exit Function
    End If
    columns = -1
    On Error Resume Next
    columns = UBound(value, 2)
    On Error GoTo 0
    Shown = "["
    For i = LBound(value) To UBound(value)
        If columns = -1 Then
            If i > LBound(value) Then Shown = Shown & ";"
            Shown = Shown & Shown(value(i))
        Else
            Shown = Shown & "["
            For j = LBound(value, 2) To columns
                If j > LBound(value, 2) Then Shown = Shown & ";"
                Shown = Shown & Shown(value(i, j))
            Next j
            Shown = Shown & "]"
        End If
    Next i
    Shown = Shown & "]"
End Function

' Excel calculates a cell, whose address ends like $D$7.
Public Sub CalledFrom(address As Variant)
    Dim shown As Variant, number As Long
    number = InStrRev(address, "$")
    callingAddress = Mid(address, InStrRev(address, "$", number - 1))
    shown = OF_STATUS("job_1")
    Note "shown " & callingAddress & " " & Fakes.Shown(shown)
End Sub

' The range of this sheet that a cell's formula would give.
Public Function CellOver(functionName As Variant, address As Variant) As Variant
    CellOver = OpenFunnelCell(1, CStr(functionName), Array(Range(address)))
End Function

Public Function GetSetting(appName As Variant, section As Variant, key As Variant, ifMissing As Variant) As Variant
    Note "setting " & appName & "|" & section & "|" & key
    GetSetting = interpreter
End Function
