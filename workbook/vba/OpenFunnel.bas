Attribute VB_Name = "OpenFunnel"
' Connects the OF_ functions in cells to Python, which implements them.
' Only the user's own setting says where Python is; nothing is read from a workbook, a sheet or a workbook's folder.
Option Explicit
Option Private Module ' hides these functions from the function wizard
#Const LibreOffice = False ' LibreOffice ignores every line that starts with #, so it runs the code that VBA leaves out

Private Const XlwingsVersion As String = "0.37.8" ' also replaces {XlwingsVersion}, since a Declare accepts no constant
#If Mac = 0 Then
#If Win64 Then
Private Const DllName As String = "xlwings64-" & XlwingsVersion & ".dll"
Private Declare PtrSafe Function XLPyDLLActivateAuto Lib "xlwings64-{XlwingsVersion}.dll" (ByRef result As Variant, ByVal startCommand As String, ByVal mode As Long) As Long
#Else
Private Const DllName As String = "xlwings32-" & XlwingsVersion & ".dll"
Private Declare PtrSafe Function XLPyDLLActivateAuto Lib "xlwings32-{XlwingsVersion}.dll" (ByRef result As Variant, ByVal startCommand As String, ByVal mode As Long) As Long
#End If
' The wide functions, called with StrPtr: VBA would convert a String to ANSI and lose characters of a path.
Private Declare PtrSafe Function LoadLibraryW Lib "kernel32" (ByVal path As LongPtr) As LongPtr
Private Declare PtrSafe Function GetFileAttributesW Lib "kernel32" (ByVal path As LongPtr) As Long
Private Declare PtrSafe Function SetEnvironmentVariableW Lib "kernel32" (ByVal variable As LongPtr, ByVal text As LongPtr) As Long
Private Declare PtrSafe Function GetCurrentDirectoryW Lib "kernel32" (ByVal size As Long, ByVal path As LongPtr) As Long
Private Declare PtrSafe Function SetCurrentDirectoryW Lib "kernel32" (ByVal path As LongPtr) As Long
#End If

' The DLL keeps one Python per command, so all workbooks and the add-in share one by using the same text.
' The DLL accepts only ANSI; the environment variable allows any characters in Python's path.
Private Const StartCommand As String = "cmd.exe /C """"%OPENFUNNEL_PYTHON%"" -I -B -m xl_openfunnel.hosts.serve $(CLSID)"""
Private Const PythonModule As String = "xl_openfunnel.hosts.excel"
Private Const Prefix As String = "#OF! "
Private Const InstallAgain As String = "Run `xl-openfunnel install` in a terminal, then press Ctrl+Alt+F9."
Private Const AskDoctor As String = "Press Ctrl+Alt+F9; if that does not help, run `xl-openfunnel doctor` in a terminal."
Private Const Refused As Long = 51300 ' the number of our own errors, whose descriptions are for the user

Private server As Object      ' Python
Private spilling As String    ' "spill" or "nospill", once it is known
Private openedBooks As Object ' a Collection of workbook names

' What a cell shows: Python's result, or a text that says why there is none. It must not raise an error: Excel would show #VALUE!.
Public Function OpenFunnelCell(wrapperVersion As Long, functionName As String, given As Variant) As Variant
    On Error GoTo Failed
    RefuseElsewhere
    OpenFunnelCell = Answer("call_cell", ForPython(wrapperVersion, functionName, given))
    Exit Function
Failed:
    OpenFunnelCell = ErrorText(Err.Number, Err.Description)
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
    If openedBooks Is Nothing Then Set openedBooks = New Collection
    openedBooks.Add bookName
    Application.OnTime Now, MacrosOfThis() & "OpenFunnelReady"
End Sub

Public Sub OpenFunnelReady()
    Dim books As Object, bookName As Variant
    Set books = openedBooks
    Set openedBooks = Nothing
    If books Is Nothing Then Exit Sub
    For Each bookName In books
        OpenFunnelOpened CStr(bookName)
    Next bookName
End Sub

Public Sub OpenFunnelOpened(bookName As String)
    Dim wasSaved As Boolean
    On Error Resume Next
    wasSaved = ThisWorkbook.Saved ' registering the help counts as a change, which Excel would ask to save
    OpenFunnelHelp MacrosOfThis()
    ThisWorkbook.Saved = wasSaved
    Answer "opened", Array(CStr(Application.Hwnd), bookName)
End Sub

Public Sub OpenFunnelLive(onOff As Boolean)
#If LibreOffice Then
    OpenFunnelAct "live" ' which tells the user that LibreOffice has no such setting
    Exit Sub
#End If
    On Error GoTo Failed
    RefuseElsewhere
    Answer "live", Array(CStr(Application.Hwnd), onOff)
    Exit Sub
Failed:
    Complain Err.Number, Err.Description
End Sub

' Has Python run a command for the selected cell, its sheet or workbook, or for the job that the user was asked about.
' Only Python writes progress and result to the status bar: the command may be done before this call returns.
Public Sub OpenFunnelAct(action As String, Optional job As String)
#If LibreOffice Then
    If IsNull(CreateUnoService("xlopenfunnel.calc.Actions")) Then
        Tell Elsewhere()
    Else
        CreateUnoService("xlopenfunnel.calc.Actions").act ThisComponent, action
    End If
    Exit Sub
#End If
    Dim refusal As String
    On Error GoTo Failed
    RefuseElsewhere
    refusal = CStr(Answer("act", Array(CStr(Application.Hwnd), action, SelectedCell(), SelectedText(), job)))
    If Len(refusal) > 0 Then Refuse refusal
    Exit Sub
Failed:
    Complain Err.Number, Err.Description
End Sub

' The job that the selected cell holds or shows, or "" after a message that says why there is none.
Public Function OpenFunnelJobHere() As String
    Dim job As String
    On Error GoTo Failed
    RefuseElsewhere
    job = CStr(Answer("job_here", Array(CStr(Application.Hwnd), SelectedCell(), SelectedText())))
    If Len(job) = 0 Then Tell "Select a cell that holds a job or shows a single one first."
    OpenFunnelJobHere = job
    Exit Function
Failed:
    Complain Err.Number, Err.Description
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

' Why the functions do not work here, or "" if they do.
' LibreOffice runs the first part, up to the Exit. Its cells call an extension's functions, and these only if it is missing.
Private Function Elsewhere() As String
    Elsewhere = ""
#If LibreOffice Then
    Elsewhere = "Run `xl-openfunnel install --calc` in a terminal, then restart LibreOffice."
    Exit Function
#End If
#If Mac Then
    Elsewhere = "The functions need Excel on Windows."
#End If
End Function

Private Sub RefuseElsewhere()
    If Len(Elsewhere()) > 0 Then Refuse Elsewhere()
End Sub

' The prefix of this workbook's macros, since the add-in and other workbooks have macros of the same names.
Private Function MacrosOfThis() As String
    MacrosOfThis = "'" & Replace(ThisWorkbook.Name, "'", "''") & "'!"
End Function

Private Function Answer(functionName As String, arguments As Variant) As Variant
    Dim again As Boolean, number As Long, description As String
    On Error GoTo Failed
TryAgain:
    If server Is Nothing Then Set server = StartedPython()
    ' The parentheses pass values: pywin32 would take a returned list for the new values of arguments passed by reference.
    ' Nothing instead of workbook and cell: Python would keep references to Excel's objects, and so a closed Excel alive.
    Answer = server.CallUDF(PythonModule, (functionName), (arguments), Nothing, Nothing)
    Exit Function
Failed:
    number = Err.Number
    description = Err.Description
    If HasGone(number) Then Set server = Nothing
    If again Or Not HasGone(number) Then Err.Raise number, , description
    again = True
    Resume TryAgain
End Function

Private Function StartedPython() As Object
    Set StartedPython = Nothing
#If Mac = 0 Then
    Dim python As String, folder As String, folderBefore As String, size As Long, failure As Long, result As Variant
    python = GetSetting("XL OpenFunnel", "Python", "Interpreter", "")
    If Len(python) = 0 Then Refuse "Excel does not know yet where Python is. " & InstallAgain
    If GetFileAttributesW(StrPtr(python)) = -1 Then Refuse "Python is not there any more. " & InstallAgain & " It was " & python
    folder = FolderOf(python)
    If LoadLibraryW(StrPtr(folder & "\" & DllName)) = 0 Then
        ' In a virtual environment Python is in the folder Scripts, and the DLL in its parent.
        If LoadLibraryW(StrPtr(FolderOf(folder) & "\" & DllName)) = 0 Then
            Refuse DllName & " is missing or blocked, perhaps by an antivirus program. Allow it, or run `xl-openfunnel doctor`" & _
                " in a terminal. It belongs to " & python
        End If
    End If
    SetEnvironmentVariableW StrPtr("OPENFUNNEL_PYTHON"), StrPtr(python)
    ' Windows also searches the current folder, perhaps a workbook's, for cmd.exe, and the new process would lock that folder.
    folderBefore = String$(1024, vbNullChar)
    size = GetCurrentDirectoryW(1024, StrPtr(folderBefore))
    SetCurrentDirectoryW StrPtr(folder)
    failure = XLPyDLLActivateAuto(result, StartCommand, 1)
    SetCurrentDirectoryW StrPtr(Left$(folderBefore, size))
    If failure <> 0 Then Refuse "Python did not start. Run `xl-openfunnel doctor` in a terminal. " & FirstLine(CStr(result))
    Set StartedPython = result
#End If
End Function

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

Private Sub Refuse(text As String)
    Err.Raise Refused, , text
End Sub

' Whether an error means that the Python process has ended.
Private Function HasGone(ByVal number As Long) As Boolean
    Select Case number
        Case 462, &H800706BA, &H800706BE, &H80010007, &H80010108: HasGone = True
    End Select
End Function

' What to do comes before the details, which may be long: a cell's text is cut after 255 characters.
Private Function ErrorText(ByVal number As Long, description As String) As String
    If number = Refused Then
        ErrorText = description
    ElseIf HasGone(number) Then
        ErrorText = "Python has stopped, and did not start again. " & AskDoctor
    Else
        ErrorText = "Python did not answer. " & AskDoctor & " " & FirstLine(description)
    End If
    ErrorText = Left$(Prefix & ErrorText, 255)
End Function

Private Sub Complain(ByVal number As Long, description As String)
    Tell Mid$(ErrorText(number, description), Len(Prefix) + 1)
End Sub

Private Sub Tell(text As String)
    MsgBox text, vbExclamation, "OpenFunnel"
End Sub

Private Function FirstLine(text As String) As String
    FirstLine = Split(Replace(text, vbCr, vbLf) & vbLf, vbLf)(0)
End Function

Private Function FolderOf(path As String) As String
    FolderOf = Left$(path, InStrRev(path, "\") - 1)
End Function
