Attribute VB_Name = "OpenFunnel"
' The bridge between the OF_ functions in cells and Python, where they are written.
' Nothing is ever read from a workbook, a sheet or the folder of either: only the user's own setting says where Python is.
Option Explicit
Option Private Module ' keeps what is here out of the function wizard
#Const LibreOffice = False ' LibreOffice passes over every line that begins like this: it runs what VBA leaves out

Private Const XlwingsVersion As String = "0.37.8" ' also put in place of {XlwingsVersion}: a Declare takes no constant
#If Mac = 0 Then
#If Win64 Then
Private Const DllName As String = "xlwings64-" & XlwingsVersion & ".dll"
Private Declare PtrSafe Function XLPyDLLActivateAuto Lib "xlwings64-{XlwingsVersion}.dll" (ByRef result As Variant, ByVal startCommand As String, ByVal mode As Long) As Long
#Else
Private Const DllName As String = "xlwings32-" & XlwingsVersion & ".dll"
Private Declare PtrSafe Function XLPyDLLActivateAuto Lib "xlwings32-{XlwingsVersion}.dll" (ByRef result As Variant, ByVal startCommand As String, ByVal mode As Long) As Long
#End If
' The wide forms, through StrPtr: VBA would turn a String into ANSI and lose letters of a path.
Private Declare PtrSafe Function LoadLibraryW Lib "kernel32" (ByVal path As LongPtr) As LongPtr
Private Declare PtrSafe Function GetFileAttributesW Lib "kernel32" (ByVal path As LongPtr) As Long
Private Declare PtrSafe Function SetEnvironmentVariableW Lib "kernel32" (ByVal variable As LongPtr, ByVal text As LongPtr) As Long
Private Declare PtrSafe Function GetCurrentDirectoryW Lib "kernel32" (ByVal size As Long, ByVal path As LongPtr) As Long
Private Declare PtrSafe Function SetCurrentDirectoryW Lib "kernel32" (ByVal path As LongPtr) As Long
#End If

' The DLL keeps one Python per command: the same text from every workbook and the add-in makes them share one.
' It takes ANSI only, hence the environment variable: the path of Python may have any letters.
Private Const StartCommand As String = "cmd.exe /C """"%OPENFUNNEL_PYTHON%"" -I -B -m xl_openfunnel.hosts.serve $(CLSID)"""
Private Const PythonModule As String = "xl_openfunnel.hosts.excel"
Private Const Prefix As String = "#OF! "
Private Const InstallAgain As String = "Run `xl-openfunnel install` in a terminal, then press Ctrl+Alt+F9."
Private Const AskDoctor As String = "Press Ctrl+Alt+F9; if that does not help, run `xl-openfunnel doctor` in a terminal."
Private Const Refused As Long = 51300 ' our own errors, whose description is meant for the user

Private server As Object      ' Python
Private spilling As String    ' "spill" or "nospill", once it is known
Private openedBooks As Object ' a Collection of names

' What a cell shows: Python's answer, or a text that says why there is none. A cell must never raise: Excel would show #VALUE!.
Public Function OpenFunnelCell(wrapperVersion As Long, functionName As String, given As Variant) As Variant
    On Error GoTo Failed
    RefuseElsewhere
    OpenFunnelCell = Answer("call_cell", ForPython(wrapperVersion, functionName, given))
    Exit Function
Failed:
    OpenFunnelCell = ErrorText(Err.Number, Err.Description)
End Function

' Excel shows the workbook before Python starts. OnTime takes only a Sub without arguments, hence the list of books.
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
    wasSaved = ThisWorkbook.Saved ' help counts as a change, and Excel would ask to save it
    OpenFunnelHelp MacrosOfThis()
    ThisWorkbook.Saved = wasSaved
    Answer "opened", Array(CStr(Application.Hwnd), bookName)
End Sub

Public Sub OpenFunnelLive(onOff As Boolean)
#If LibreOffice Then
    OpenFunnelAct "live" ' it says that there is no such thing there
    Exit Sub
#End If
    On Error GoTo Failed
    RefuseElsewhere
    Answer "live", Array(CStr(Application.Hwnd), onOff)
    Exit Sub
Failed:
    Complain Err.Number, Err.Description
End Sub

' Has Python do something for the selected cell's book or sheet, or for the job that the user was asked about.
' What it does and what came of it stands in the status bar. Python alone writes there: what is done may be done before its answer is here.
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

' The job that the selected cell holds or shows, "" where the user was told why there is none.
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

' "" where no cell is selected, as on a chart sheet.
Private Function SelectedCell() As String
    On Error Resume Next
    SelectedCell = ActiveCell.Address(External:=True)
End Function

Private Function SelectedText() As String
    On Error Resume Next
    SelectedText = CStr(ActiveCell.Value2)
End Function

' Why the bridge does not work here, "" where it does.
' LibreOffice runs what stands first, up to the Exit. Its cells have functions of an add-in, and come here where that is missing.
Private Function Elsewhere() As String
    Elsewhere = ""
#If LibreOffice Then
    Elsewhere = "Run `xl-openfunnel install --calc` in a terminal, then start LibreOffice anew."
    Exit Function
#End If
#If Mac Then
    Elsewhere = "The functions need Excel on Windows."
#End If
End Function

Private Sub RefuseElsewhere()
    If Len(Elsewhere()) > 0 Then Refuse Elsewhere()
End Sub

' What stands before the name of a macro: the add-in and other workbooks have macros of the same names.
Private Function MacrosOfThis() As String
    MacrosOfThis = "'" & Replace(ThisWorkbook.Name, "'", "''") & "'!"
End Function

Private Function Answer(functionName As String, arguments As Variant) As Variant
    Dim again As Boolean, number As Long, description As String
    On Error GoTo Failed
TryAgain:
    If server Is Nothing Then Set server = StartedPython()
    ' The parentheses pass values: pywin32 would take a list that comes back as results for arguments passed by reference.
    ' Nothing stands for the workbook and the cell: Python would keep objects of Excel, and a closed Excel alive.
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
        ' In a virtual environment Python is in the folder Scripts, and the DLL in the folder above.
        If LoadLibraryW(StrPtr(FolderOf(folder) & "\" & DllName)) = 0 Then
            Refuse DllName & " is missing or blocked, perhaps by an antivirus program. Allow it, or run `xl-openfunnel doctor`" & _
                " in a terminal. It belongs to " & python
        End If
    End If
    SetEnvironmentVariableW StrPtr("OPENFUNNEL_PYTHON"), StrPtr(python)
    ' Windows looks for cmd.exe in the current folder too, which may be a workbook's, and what starts there keeps that folder busy.
    folderBefore = String$(1024, vbNullChar)
    size = GetCurrentDirectoryW(1024, StrPtr(folderBefore))
    SetCurrentDirectoryW StrPtr(folder)
    failure = XLPyDLLActivateAuto(result, StartCommand, 1)
    SetCurrentDirectoryW StrPtr(Left$(folderBefore, size))
    If failure <> 0 Then Refuse "Python did not start. Run `xl-openfunnel doctor` in a terminal. " & FirstLine(CStr(result))
    Set StartedPython = result
#End If
End Function

' What call_cell takes: apart from the arguments, so that a new argument shifts nothing. What was left out stays left out.
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

' Value2, since Value makes dates and currencies of numbers. Cut at the sheet's last used cell: A:A has a million cells.
Private Function CellValues(ByVal area As Object) As Variant
    Dim used As Object, height As Long, width As Long
    If area.Areas.Count > 1 Then Refuse "Give one block of cells, not several."
    height = area.Rows.Count
    width = area.Columns.Count
    If height > 1 Or width > 1 Then ' one cell, the usual case, is spared UsedRange, which is slow
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

' The calling cell as text, "" if no cell calls. Of an array entered into several cells the first stands for all.
Private Function CallingCell() As String
    Dim caller As Object
    If TypeName(Application.Caller) <> "Range" Then Exit Function
    Set caller = Application.Caller
    CallingCell = WhereText(Application.Hwnd, HowBlocksShow(), caller.Cells(1, 1).Address(External:=True))
End Function

Private Function WhereText(ByVal window As Variant, ByVal spills As String, ByVal address As String) As String
    WhereText = CStr(window) & " " & spills & " " & address
End Function

' Only an Excel in which blocks spill knows SEQUENCE. Without an open sheet nothing can be evaluated: then it is asked again.
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

' Whether an error means that the server's process has ended.
Private Function HasGone(ByVal number As Long) As Boolean
    Select Case number
        Case 462, &H800706BA, &H800706BE, &H80010007, &H80010108: HasGone = True
    End Select
End Function

' What to do comes before details, which may be long: a cell's text ends after 255 characters.
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
