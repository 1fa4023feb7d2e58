Attribute VB_Name = "OpenFunnel"
' Connects the OF_ functions in cells to Python, which implements them.
' Only the user's own setting says where Python is; nothing is read from a workbook, a sheet or a workbook's folder.
Option Explicit
Option Private Module ' hides these functions from the function wizard
#Const LibreOffice = False ' LibreOffice ignores every line that starts with #, so it runs the code that VBA leaves out

Private Const PythonModule As String = "xl_openfunnel.hosts.excel"
Private Const Prefix As String = "#OF! "
Private Const AskDoctor As String = "Press Ctrl+Alt+F9; if that does not help, run `xl-openfunnel doctor` in a terminal."
Private Const AtOnce As Long = 100 ' cells that are calculated in one go: Excel waits for them

Private server As Object        ' Python
Private spilling As String      ' "spill" or "nospill", once it is known
Private openedBooks As Object   ' a Collection of workbook names
Private startingCells As Object ' a Collection of the cells without a value because Python does not serve, by their addresses
Private loadingCells As Object  ' the same of cells that wait for the service
Private lookDue As Date         ' when OnTime is to look for Python next; 0 if it is not
Private lookMacro As String     ' what it then runs, with the name that the workbook had
Private closing As Boolean      ' whether the workbook is being closed, or was about to be
Private saving As Boolean       ' whether it is being saved, perhaps under another name
Private lookAfterSaving As Boolean
Private lastState As Long       ' what the last look found: 0, or the number of the error
Private toldLater As Long       ' how many waiting cells do not show yet what it found
Private hasHelp As Boolean      ' whether the functions' help is registered
Private calls As Long           ' of cells

' What a cell shows: Python's result, "starting", or a text that says why there is none. It must not raise an error: Excel would show #VALUE!.
Public Function OpenFunnelCell(wrapperVersion As Long, functionName As String, given As Variant) As Variant
    Dim arguments As Variant, number As Long, result As Variant
    On Error GoTo Failed
    If calls = 2147483647 Then calls = 0 Else calls = calls + 1
    RefuseElsewhere
    arguments = ForPython(wrapperVersion, functionName, given)
    result = Answer("call_cell", arguments)
Done:
    On Error Resume Next
    NoteWaiting CStr(arguments(1)), number = StillStarting Or number = StartsSlowly Or number = Refused, result
    If number = StillStarting Or number = StartsSlowly Then LookIn 1
    OpenFunnelCell = result
    Exit Function
Failed:
    number = Err.Number
    result = ErrorText(number, Err.Description)
    If number = StillStarting Then result = "starting"
    OpenFunnelCell = result
    If IsArray(arguments) Then
        Resume Done
    End If
End Function

' Python's whole numbers as #N/A: all other numbers that it answers are Doubles.
Public Function OpenFunnelNotAvailable(ByVal answered As Variant) As Variant
    Dim row As Long, column As Long
    If Not IsArray(answered) Then
        If VarType(answered) = vbLong Then answered = CVErr(xlErrNA)
    Else
        For row = LBound(answered, 1) To UBound(answered, 1)
            For column = LBound(answered, 2) To UBound(answered, 2)
                If VarType(answered(row, column)) = vbLong Then answered(row, column) = CVErr(xlErrNA)
            Next column
        Next row
    End If
    OpenFunnelNotAvailable = answered
End Function

' Lets Excel show the workbook before Python starts. OnTime accepts only a Sub without arguments, hence the list of workbooks.
Public Sub OpenFunnelLater(bookName As String)
    On Error Resume Next
    If Len(Elsewhere()) > 0 Then Exit Sub
    closing = False
    If openedBooks Is Nothing Then Set openedBooks = New Collection
    openedBooks.Add bookName
    StopLooking ' and look at once; what a cell has asked for may never come
    LookIn 0
End Sub

' Starts Python or looks for it, each second until it serves, and has the cells calculated that wait for it. Python does so too,
' but it may not reach this Excel.
Public Sub OpenFunnelLook()
    Dim books As Object, bookName As Variant, state As Long
    On Error Resume Next
    lookDue = 0
    If Len(Elsewhere()) > 0 Then Exit Sub
    RegisterHelp
    state = PythonState()
    If state = 0 Then OpenFunnelServed
    If state = 0 And Not openedBooks Is Nothing Then
        Set books = openedBooks
        Set openedBooks = Nothing
        For Each bookName In books
            Answer "opened", Array(CStr(Application.Hwnd), CStr(bookName))
        Next bookName
    End If
    If state = StillStarting Then
        toldLater = 0
    ElseIf state = 0 Or state <> lastState Then
        toldLater = CountOf(startingCells)
    End If
    If state = StillStarting Or toldLater > AtOnce Then LookIn 1
    If state = StartsSlowly Then LookIn 10
    If toldLater > 0 Then CalculateWaiting startingCells, toldLater
    toldLater = toldLater - AtOnce
    lastState = state
    If state = 0 And CountOf(startingCells) > 0 Then LookIn 1
End Sub

' Excel would open a closed workbook again to run what is due in it. Closing may calculate cells, whose calls make nothing due either.
Public Sub OpenFunnelClosing()
    closing = True ' until a button is pressed, since the user may refuse to close
    StopLooking
End Sub

' Excel would look for what is due in a workbook of the old name, while saving may change it.
Public Sub OpenFunnelSaving()
    If lookDue <> 0 Then lookAfterSaving = True
    saving = True
    StopLooking
End Sub

Public Sub OpenFunnelSaved()
    saving = False
    If lookAfterSaving Then LookIn 1
    lookAfterSaving = False
End Sub

' For scripts that open, calculate and save: waits until no cell shows "starting" or "loading". False if that was not so in time.
Public Function OpenFunnelWaited(ByVal seconds As Double) As Boolean
    Dim deadline As Double
    OpenFunnelWaited = False
    If Len(Elsewhere()) > 0 Then Exit Function
#If Mac = 0 Then
    deadline = CDbl(Now) + seconds / 86400
    Do
        If PythonState() = 0 Then
            CalculateWaiting startingCells, AtOnce
            CalculateWaiting loadingCells, AtOnce
            OpenFunnelWaited = CountOf(startingCells) + CountOf(loadingCells) = 0
        End If
        If OpenFunnelWaited Or CDbl(Now) >= deadline Then Exit Do
        Pause 250
        DoEvents
    Loop
#End If
End Function

' A button or the menu of jobs was used: the workbook was not closed after all, and is not being saved.
Public Sub OpenFunnelStays()
    closing = False
    saving = False
End Sub

' Why the functions do not work here, or "" if they do.
' LibreOffice runs the first part, up to the Exit. Its cells call an extension's functions, and these only if it is missing.
Public Function Elsewhere() As String
    Elsewhere = ""
#If LibreOffice Then
    Elsewhere = "Run `xl-openfunnel install --calc` in a terminal, then restart LibreOffice."
    Exit Function
#End If
#If Mac Then
    Elsewhere = "The functions need Excel on Windows."
#End If
End Function

Public Sub RefuseElsewhere()
    If Len(Elsewhere()) > 0 Then Refuse Elsewhere()
End Sub

' The prefix of this workbook's macros, since the add-in and other workbooks have macros of the same names.
Public Function MacrosOfThis() As String
    MacrosOfThis = "'" & Replace(ThisWorkbook.Name, "'", "''") & "'!"
End Function

Public Function Answer(functionName As String, arguments As Variant) As Variant
    Dim again As Boolean, number As Long, description As String, cancelKey As Long
    On Error GoTo Failed
    cancelKey = -1 ' not changed yet; 0 is xlDisabled
TryAgain:
    Connect
    ' The parentheses pass values: pywin32 would take a returned list for the new values of arguments passed by reference.
    ' Nothing instead of workbook and cell: Python would keep references to Excel's objects, and so a closed Excel alive.
    cancelKey = CancelKeyBefore(2) ' xlErrorHandler: Esc is error 18, and Excel does not ask whether to debug our code
    Answer = server.CallUDF(PythonModule, (functionName), (arguments), Nothing, Nothing)
    CancelKeyBefore cancelKey
    Exit Function
Failed:
    number = Err.Number
    description = Err.Description
    If cancelKey >= 0 Then CancelKeyBefore cancelKey
    If HasGone(number) Then Set server = Nothing
    If again Or Not HasGone(number) Then Err.Raise number, , description
    again = True
    Resume TryAgain
End Function

' 0 if Python serves; else the number of the error that says why not.
Private Function PythonState() As Long
    On Error GoTo Failed
    Connect
    Exit Function
Failed:
    PythonState = Err.Number
End Function

Private Sub Connect()
#If Mac = 0 Then
    If server Is Nothing Then Set server = RunningPython()
#End If
End Sub

Private Sub RegisterHelp()
    Dim wasSaved As Boolean
    If hasHelp Then Exit Sub
    hasHelp = True
    wasSaved = ThisWorkbook.Saved ' registering the help counts as a change, which Excel would ask to save
    OpenFunnelHelp MacrosOfThis()
    On Error Resume Next ' the add-in has no such sheet
    ThisWorkbook.Worksheets("Start").Range("B13:B14").Calculate ' in the file, these cells say that macros are off
    ThisWorkbook.Saved = wasSaved
End Sub

Public Sub LookIn(ByVal seconds As Long)
    If saving Then lookAfterSaving = True
    If lookDue <> 0 Or closing Or saving Then Exit Sub
    On Error Resume Next ' where a cell may not do this, Python has it calculated
    lookDue = Now + TimeSerial(0, 0, seconds)
    lookMacro = MacrosOfThis() & "OpenFunnelReady"
    Application.OnTime lookDue, lookMacro
    If Err.Number <> 0 Then lookDue = 0
End Sub

Private Sub StopLooking()
    On Error Resume Next
    If lookDue <> 0 Then Application.OnTime lookDue, lookMacro, , False
    lookDue = 0
End Sub

' Remembers what a cell waits for. The cell is given as in the arguments for Python.
Private Sub NoteWaiting(where As String, ByVal forPython As Boolean, result As Variant)
    Dim address As String, first As Variant
    If Len(where) = 0 Then Exit Sub
    address = Split(where, " ", 3)(2)
    first = result
    If IsArray(result) Then
        For Each first In result
            Exit For
        Next first
    End If
    NoteIn startingCells, address, forPython
    NoteIn loadingCells, address, CStr(first) = "loading"
End Sub

Private Sub NoteIn(ByRef waiting As Object, address As String, ByVal waits As Boolean)
    If Not waits And CountOf(waiting) = 0 Then Exit Sub
    On Error Resume Next ' it is there already, or not there
    If waiting Is Nothing Then Set waiting = New Collection
    If waits Then
        waiting.Add Application.Range(address), address ' a Range follows its cell when rows are inserted or the workbook is renamed
    Else
        waiting.Remove address
    End If
End Sub

Private Function CountOf(ByVal waiting As Object) As Long
    If Not waiting Is Nothing Then CountOf = waiting.Count
End Function

' Calculates the first of these cells; those that then wait again are noted again. A workbook stays marked as saved.
Private Sub CalculateWaiting(ByRef waiting As Object, ByVal atMost As Long)
    Dim i As Long, before As Long, cell As Object, book As Object, saved As Object
    On Error Resume Next
    Set saved = New Collection
    For Each book In Application.Workbooks
        If book.Saved Then saved.Add book
    Next book
    For i = 1 To CountOf(waiting)
        If i > AtOnce Or i > atMost Then Exit For
        Set cell = Nothing
        Set cell = waiting.Item(1)
        waiting.Remove 1
        If Not cell Is Nothing Then
            before = calls
            cell.Dirty ' in automatic mode Excel calculates it at once
            If calls = before Then cell.Calculate
        End If
    Next i
    For Each book In saved
        book.Saved = True
    Next book
End Sub

' The arguments of call_cell: the function's own come last, so that a new one shifts nothing. Missing ones stay missing.
Private Function ForPython(wrapperVersion As Long, functionName As String, given As Variant) As Variant
    Dim arguments() As Variant, i As Long
    ReDim arguments(0 To UBound(given) + 3)
    arguments(0) = wrapperVersion
    arguments(1) = CallingCell()
    arguments(2) = functionName
    For i = 0 To UBound(given)
        If TypeName(given(i)) = "Range" Then arguments(i + 3) = CellValues(given(i)) Else arguments(i + 3) = given(i)
    Next i
    ForPython = arguments
End Function

' Value2, since Value converts numbers to dates and currencies. Cut at the last used cell, since A:A has a million cells.
Private Function CellValues(ByVal area As Object) As Variant
    Dim used As Object, height As Long, width As Long
    If area.Areas.Count > 1 Then Refuse "Give one block of cells, not several."
    height = area.Rows.Count
    width = area.Columns.Count
    If height > 1 Or width > 1 Then ' UsedRange is slow, and not needed for one cell, the usual case
        Set used = area.Worksheet.UsedRange
        height = KeptCount(area.Row, height, used.Row + used.Rows.Count - 1)
        width = KeptCount(area.Column, width, used.Column + used.Columns.Count - 1)
    End If
    If height > 0 And width > 0 Then CellValues = area.Resize(height, width).Value2
End Function

Private Function KeptCount(ByVal first As Long, ByVal size As Long, ByVal lastUsed As Long) As Long
    KeptCount = lastUsed - first + 1
    If KeptCount > size Then KeptCount = size
    If KeptCount < 0 Then KeptCount = 0
End Function

' The calling cell as text, or "" if no cell calls; the first cell if an array of several cells calls.
Private Function CallingCell() As String
    Dim caller As Object
    If TypeName(Application.Caller) <> "Range" Then Exit Function
    Set caller = Application.Caller
    CallingCell = WhereText(Application.Hwnd, HowBlocksShow(), caller.Cells(1, 1).Address(External:=True))
End Function

Private Function WhereText(ByVal window As Variant, ByVal spills As String, ByVal address As String) As String
    WhereText = CStr(window) & " " & spills & " " & address
End Function

' Only an Excel with dynamic arrays has SEQUENCE. Nothing can be evaluated without an open sheet: then the next call tries again.
Private Function HowBlocksShow() As String
    Dim total As Variant
    HowBlocksShow = "spill"
    If Len(spilling) = 0 Then
        total = Application.Evaluate("SUM(SEQUENCE(2))")
        If Not IsError(total) Then
            spilling = "spill"
        ElseIf total = CVErr(xlErrName) Then
            spilling = "nospill"
        End If
    End If
    If Len(spilling) > 0 Then HowBlocksShow = spilling
End Function

Public Sub Refuse(text As String)
    Err.Raise Refused, , text
End Sub

' Sets what Esc does, and returns what it did. Where a cell's function may not set it, Esc does what it did.
Private Function CancelKeyBefore(ByVal wanted As Long) As Long
    On Error Resume Next
    CancelKeyBefore = 1 ' xlInterrupt
    CancelKeyBefore = Application.EnableCancelKey
    Application.EnableCancelKey = wanted
End Function

' Two texts as Strings, the first of some length: `xl-openfunnel selftest` measures how long one in an array may be.
Public Function OpenFunnelTexts(ByVal length As Long) As Variant
    Dim texts(0 To 0, 0 To 1) As String
    texts(0, 0) = String$(length, "x")
    texts(0, 1) = "y"
    OpenFunnelTexts = texts
End Function

' Whether an error means that the Python process has ended.
Private Function HasGone(ByVal number As Long) As Boolean
    Select Case number
        Case 462, &H800706BA, &H800706BE, &H80010007, &H80010108: HasGone = True
    End Select
End Function

Private Function ErrorText(ByVal number As Long, description As String) As String
    ErrorText = Left$(Prefix & ReasonText(number, description), 255)
End Function

' What to do comes before the details, which may be long: a cell's text is cut after 255 characters.
Public Function ReasonText(ByVal number As Long, description As String) As String
    If number = Refused Or number = StillStarting Or number = StartsSlowly Then
        ReasonText = description
    ElseIf number = 18 Then
        ReasonText = "You pressed Esc before Python answered. Press Ctrl+Alt+F9 to ask it again."
    ElseIf HasGone(number) Then
        ReasonText = "Python has stopped, and did not start again. " & AskDoctor
    Else
        ReasonText = "Python did not answer. " & AskDoctor & " " & FirstLine(description)
    End If
End Function

Private Function FirstLine(text As String) As String
    FirstLine = Split(Replace(text, vbCr, vbLf) & vbLf, vbLf)(0)
End Function
