Attribute VB_Name = "OpenFunnelStart"
' Starts Python, one for a whole Excel, and finds it once it serves. Nothing here waits for it.
' Each workbook and the add-in run a copy of this code, and a reset of VBA clears its variables. So what they share is in Excel's
' environment variables. Processes that Excel starts inherit these: each begins with the id of the process that it is about.
Option Explicit
Option Private Module ' hides these functions from the function wizard
#Const LibreOffice = False ' LibreOffice ignores every line that starts with #, so it runs the code that VBA leaves out

Public Const Refused As Long = 51300     ' the numbers of our own errors: the description is for the user
Public Const StillStarting As Long = 51301
Public Const StartsSlowly As Long = 51302
#If Mac = 0 Then

Private Const PythonVariable As String = "XL_OPENFUNNEL_PYTHON"   ' process id|GUID|process handle|ticks at the start|"served" once it was found|file with its errors
Private Const FailureVariable As String = "XL_OPENFUNNEL_FAILURE" ' process id|ticks|why Python did not start
Private Const PythonArguments As String = " -I -B -m xl_openfunnel.hosts.serve " ' and GUID, process id, file for its errors
Private Const InstallAgain As String = "Run `xl-openfunnel install` in a terminal, then press Ctrl+Alt+F9."
Private Const AskDoctor As String = "Run `xl-openfunnel doctor` in a terminal."
Private Const RetryAfter As Double = 15000 ' milliseconds after a failure, before another start is tried
Private Const SlowAfter As Double = 60000  ' milliseconds, after which cells say that the start takes long
Private Const LookAfter As Double = 200    ' milliseconds between two looks for a Python that starts, however many cells ask

Private lookedAt As Double
Private hasDll As Boolean ' whether xlwings' DLL is loaded

' Python, if it serves. Otherwise an error: it is starting, or the reason why there is none.
Public Function RunningPython() As Object
    Dim known As Variant, exitCode As Long, found As Object
    known = Recalled(PythonVariable, 6)
    If IsArray(known) Then
        If HasEnded(CStr(known(2)), exitCode) Then
            NoteEnd known, exitCode
            known = Empty
        End If
    End If
    If Not IsArray(known) Then
        RefuseIfFailed
        StartPython
        Err.Raise StillStarting, , "Python is starting. Try again in a few seconds."
    End If
    If known(4) = "served" Or SinceTicks(lookedAt) >= LookAfter Then
        lookedAt = Ticks()
        NeedDll FolderOf(Interpreter()) ' another file's VBA may have started Python, through a DLL of another name
        Set found = FoundServer(CStr(known(1)))
        If Not found Is Nothing Then
            If known(4) <> "served" Then
                known(4) = "served"
                SetEnvironmentText PythonVariable, Join(known, "|")
            End If
            Set RunningPython = found
            Exit Function
        End If
    End If
    If SinceTicks(CDbl(known(3))) >= SlowAfter Then Err.Raise StartsSlowly, , "Python was started more than a minute ago, and does not answer yet. If it does not help to wait: " & AskDoctor
    Err.Raise StillStarting, , "Python is starting. Try again in a few seconds."
End Function

' Whether Python serves, without starting it or looking for it.
Public Function PythonServes() As Boolean
    Dim known As Variant, exitCode As Long
    known = Recalled(PythonVariable, 6)
    If IsArray(known) Then PythonServes = known(4) = "served" And Not HasEnded(CStr(known(2)), exitCode)
End Function

' Has the next call try a start, however recently one failed.
Public Sub ForgetFailure()
    SetEnvironmentText FailureVariable, ""
End Sub

' What is to be done about a Python that has ended. One that served for a while is simply started again.
Private Sub NoteEnd(known As Variant, ByVal exitCode As Long)
    Dim details As String
    details = " (exit code " & exitCode & "). " & AskDoctor & " " & LastLine(TailOf(CStr(known(5))))
    SetEnvironmentText PythonVariable, ""
    ForgetProcess CStr(known(2))
    RemoveFile CStr(known(5))
    If known(4) <> "served" Then Fail "Python ended while it started" & details
    If SinceTicks(CDbl(known(3))) < RetryAfter Then Fail "Python has stopped" & details
End Sub

Private Sub RefuseIfFailed()
    Dim failure As Variant
    failure = Recalled(FailureVariable, 3)
    If Not IsArray(failure) Then Exit Sub
    If SinceTicks(CDbl(failure(1))) < RetryAfter Then Err.Raise Refused, , CStr(failure(2))
    ForgetFailure
End Sub

Private Sub StartPython()
    Dim python As String, folder As String, guid As String, errorFile As String, handle As String, failure As String
    python = Interpreter()
    ' Windows would look for a path that is not whole in the current folder, perhaps a workbook's.
    If Mid$(python, 2, 2) <> ":\" And Left$(python, 2) <> "\\" Then Fail "Excel does not know yet where Python is. " & InstallAgain
    If Not HasFile(python) Then Fail "Python is not there any more. " & InstallAgain & " It was " & python
    folder = FolderOf(python)
    NeedDll folder
    guid = NewGuid()
    errorFile = TemporaryFolder() & "xl-openfunnel-" & Mid$(guid, 2, 36) & ".log"
    ' Python's own folder becomes its current one: it would lock another, perhaps a workbook's.
    handle = StartedProcess(python, """" & python & """" & PythonArguments & guid & " " & ProcessId() & " """ & errorFile & """", folder, errorFile, failure)
    If Len(handle) = 0 Then
        RemoveFile errorFile
        Fail "Python did not start. " & AskDoctor & " " & failure
    End If
    lookedAt = Ticks()
    SetEnvironmentText PythonVariable, Join(Array(ProcessId(), guid, handle, CStr(Ticks()), "", errorFile), "|")
End Sub

Private Function Interpreter() As String
    Interpreter = SettingText("XL OpenFunnel", "Python", "Interpreter")
End Function

' Loads xlwings' DLL from Python's folder, or in a virtual environment, where that is the folder Scripts, from its parent.
' The version of xlwings is part of the DLL's name, and so of this file: another one is no failure of the other files.
Private Sub NeedDll(folder As String)
    Dim parent As String, others As String, remedy As String
    If hasDll Then Exit Sub
    parent = FolderOf(folder)
    hasDll = LoadsDll(folder & "\" & XlwingsDll())
    If Not hasDll Then hasDll = LoadsDll(parent & "\" & XlwingsDll())
    If hasDll Then Exit Sub
    others = XlwingsIn(folder)
    If Len(others) = 0 Then others = XlwingsIn(parent)
    If HasFile(folder & "\" & XlwingsDll()) Or HasFile(parent & "\" & XlwingsDll()) Then others = ""
    If Len(others) > 0 Then
        remedy = "run `xl-openfunnel workbook`, and move your own sheets into the new workbook."
        If ThisWorkbook.IsAddin Then remedy = "run `xl-openfunnel install`, then restart Excel."
        If IsOlder(others, XlwingsNeeded()) Then remedy = "run `xl-openfunnel install` of the newer version, then restart Excel."
        Err.Raise Refused, , "These macros were made for xlwings " & XlwingsNeeded() & ", and Excel's Python has " & others & ". In a terminal, " & remedy
    End If
    Fail XlwingsDll() & " is missing or blocked, perhaps by an antivirus program. Allow it, or run `xl-openfunnel doctor`" & _
        " in a terminal. It belongs to " & folder
End Sub

' Whether a version like 0.37.8 comes before another one.
Private Function IsOlder(version As String, other As String) As Boolean
    Dim parts As Variant, others As Variant, i As Long
    parts = Split(version & ".0.0.0", ".")
    others = Split(other & ".0.0.0", ".")
    For i = 0 To 2
        If Val(parts(i)) <> Val(others(i)) Then
            IsOlder = Val(parts(i)) < Val(others(i))
            Exit Function
        End If
    Next i
End Function

Private Sub Fail(reason As String)
    SetEnvironmentText FailureVariable, ProcessId() & "|" & Ticks() & "|" & reason
    Err.Raise Refused, , reason
End Sub

' The parts of a variable that is about this process, or Empty.
Public Function Recalled(variable As String, ByVal count As Long) As Variant
    Dim parts As Variant
    Recalled = Empty
    parts = Split(EnvironmentText(variable), "|", count)
    If UBound(parts) <> count - 1 Then Exit Function
    If parts(0) = ProcessId() Then Recalled = parts
End Function

Private Function SinceTicks(ByVal before As Double) As Double
    SinceTicks = Ticks() - before
    If SinceTicks < 0 Then SinceTicks = SinceTicks + 4294967296#
End Function

' The last line that is not blank, where Python's errors have what went wrong; of a long one its end.
Private Function LastLine(text As String) As String
    Dim lines As Variant, i As Long
    lines = Split(Replace(text, vbCr, vbLf), vbLf)
    For i = UBound(lines) To 0 Step -1
        If Len(Trim$(lines(i))) > 0 Then
            LastLine = Trim$(lines(i))
            If Len(LastLine) > 120 Then LastLine = "..." & Right$(LastLine, 120)
            Exit Function
        End If
    Next i
End Function

Private Function FolderOf(path As String) As String
    FolderOf = path ' of a drive, which has no parent
    If InStr(path, "\") > 0 Then FolderOf = Left$(path, InStrRev(path, "\") - 1)
End Function
#End If
