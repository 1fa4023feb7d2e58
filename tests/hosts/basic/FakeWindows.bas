' Windows' part, and the DLL's: LibreOffice's Basic has none of these. Each notes what matters of what it is given.
' Texts and buffers arrive themselves, in place of their addresses, so that what is written into them arrives too.
Option VBASupport 1
Option Explicit

Public lastDllError As Long     ' of Windows' last function that failed
Private clock As Double         ' ticks in milliseconds
Private environment As String   ' a line for each variable
Private currentProcess As Long  ' Excel's
Private startError As Long      ' with which a program does not start
Private exitCode As Long        ' of the process that was started last; 259 while it runs
Private started As Long         ' how many there were
Private startedGuid As String   ' what the last one was told to serve as
Private serves As Boolean       ' whether it does
Private servesAt As Double      ' the ticks from which on it does, seen after a sleep; 0: never
Private errorText As String     ' what it wrote
Private otherXlwings As String  ' the version of the DLL that is in Python's folder, if it is another one
Private wrongSize As String     ' the structure that Excel lays out in another way

Public Sub SetUpWindows()
    clock = 1000
    environment = ""
    currentProcess = 1234
    startError = 0
    exitCode = 259
    started = 0
    startedGuid = ""
    serves = False
    servesAt = 0
    errorText = ""
    wrongSize = ""
    otherXlwings = ""
End Sub

Public Sub HaveXlwings(version As Variant)
    otherXlwings = version
End Sub

Public Sub Advance(milliseconds As Variant)
    clock = clock + milliseconds
    If clock >= 4294967296# Then clock = clock - 4294967296#
End Sub

Public Sub Serve()
    serves = True
End Sub

Public Sub ServeIn(milliseconds As Variant)
    servesAt = clock + milliseconds
End Sub

Public Sub EndPython(code As Variant, said As Variant)
    serves = False
    exitCode = code
    errorText = said
End Sub

Public Sub RefuseStarts(number As Variant)
    startError = number
End Sub

Public Sub LayOutWrongly(structure As Variant)
    wrongSize = structure
End Sub

' Another Excel, to which the environment was handed down.
Public Sub InOtherProcess(id As Variant)
    currentProcess = id
End Sub

Public Function Variables() As Variant
    Variables = environment
End Function

' What another file's macros of the same process left in the environment.
Public Sub TakeOver(variables As Variant)
    environment = variables
End Sub

' The environment of a process in which Python serves already.
Public Sub HandDown(variables As Variant)
    environment = variables
    startedGuid = Mid(environment, InStr(environment, "{"), 38)
    serves = True
End Sub

Public Function FakeNow() As Date
    FakeNow = clock / 86400000
End Function

Public Function SizeIn(structure As String) As Long
    Select Case structure
        Case "startup": SizeIn = 104
        Case Else: SizeIn = 24
    End Select
    If structure = wrongSize Then SizeIn = SizeIn - 4
End Function

Public Function GetFileAttributesW(path As String) As Long
    If Right(path, 4) = ".dll" And Len(otherXlwings) > 0 Then
        GetFileAttributesW = -1
    ElseIf hasInterpreter Then
        GetFileAttributesW = 32
    Else
        GetFileAttributesW = -1
    End If
End Function

Public Function FindFirstFileW(path As String, buffer As String) As Long
    FindFirstFileW = -1
    If Len(otherXlwings) = 0 Or Left(path, InStrRev(path, "\") - 1) <> folderWithDll Then Exit Function
    buffer = String(22, "x") & Replace(Mid(path, InStrRev(path, "\") + 1), "*", otherXlwings) & vbNullChar & vbNullChar
    FindFirstFileW = 1
End Function

Public Function FindClose(search As Long) As Long
    FindClose = 1
End Function

Public Function LoadLibraryW(path As String) As Long
    Note "load " & path
    If Left(path, InStrRev(path, "\") - 1) = folderWithDll And Len(otherXlwings) = 0 Then LoadLibraryW = 1 Else LoadLibraryW = 0
End Function

Public Function GetCurrentProcessId() As Long
    GetCurrentProcessId = currentProcess
End Function

Public Function GetTickCount() As Long
    If clock >= 2147483648# Then GetTickCount = clock - 4294967296# Else GetTickCount = clock
End Function

Public Function AllowSetForegroundWindow(process As Long) As Long
    Note "front " & process
    AllowSetForegroundWindow = 1
End Function

Public Sub Sleep(milliseconds As Long)
    Note "sleep " & milliseconds
    Advance milliseconds
    If servesAt > 0 And clock >= servesAt Then serves = True
End Sub

Public Function GetTempPathW(size As Long, buffer As String) As Long
    buffer = "C:\Temp\"
    GetTempPathW = Len(buffer)
End Function

Public Function GetEnvironmentVariableW(variable As String, buffer As String, size As Long) As Long
    Dim line As Variant
    GetEnvironmentVariableW = 0
    For Each line In Split(environment, Chr(10))
        If Left(line, Len(variable) + 1) = variable & "=" Then
            buffer = Mid(line, Len(variable) + 2)
            GetEnvironmentVariableW = Len(buffer)
        End If
    Next line
End Function

Public Function SetEnvironmentVariableW(variable As String, text As String) As Long
    Dim line As Variant, kept As String
    For Each line In Split(environment, Chr(10))
        If Len(line) > 0 And Left(line, Len(variable) + 1) <> variable & "=" Then kept = kept & line & Chr(10)
    Next line
    environment = kept & variable & "=" & text & Chr(10)
    SetEnvironmentVariableW = 1
End Function

Public Function CreateFileW(path As String, rights As Long, share As Long, security As Variant, creation As Long, attributes As Long, template As Long) As Long
    CreateFileW = 77
End Function

Public Function CreateProcessW(program As String, commandLine As String, processAttributes As Long, threadAttributes As Long, inheritHandles As Long, flags As Long, environmentBlock As Long, folder As String, startup As Variant, process As Variant) As Long
    Note "start " & program & "|" & commandLine & "|" & folder & "|" & startup.cb & "|" & startup.hStdError
    If startError <> 0 Then
        lastDllError = startError
        CreateProcessW = 0
        Exit Function
    End If
    started = started + 1
    startedGuid = Mid(commandLine, InStr(commandLine, "{"), 38)
    exitCode = 259
    process.hProcess = 700 + started
    process.hThread = 800 + started
    CreateProcessW = 1
End Function

Public Function CloseHandle(handle As Long) As Long
    Note "close " & handle
    CloseHandle = 1
End Function

Public Function GetExitCodeProcess(process As Long, ByRef code As Long) As Long
    code = exitCode
    GetExitCodeProcess = 1
End Function

Public Function WaitForSingleObject(handle As Long, milliseconds As Long) As Long
    Note "wait " & milliseconds
    WaitForSingleObject = 258
End Function

Public Function SetFilePointer(file As Long, distance As Long, distanceHigh As Long, origin As Long) As Long
    SetFilePointer = 0
End Function

Public Function ReadFile(file As Long, buffer As Variant, size As Long, ByRef count As Long, overlapped As Long) As Long
    count = Len(errorText)
    ReadFile = 1
End Function

Public Function DeleteFileW(path As String) As Long
    Note "delete " & path
    DeleteFileW = 1
End Function

Public Function MultiByteToWideChar(codePage As Long, flags As Long, bytes As Variant, count As Long, buffer As String, size As Long) As Long
    buffer = errorText
    MultiByteToWideChar = Len(errorText)
End Function

Public Function FormatMessageW(flags As Long, source As Long, code As Long, language As Long, buffer As String, size As Long, arguments As Long) As Long
    Select Case code
        Case 5: buffer = "Zugriff verweigert. "
        Case 193: buffer = "%1 is not a valid Win32 application. "
        Case Else: buffer = ""
    End Select
    FormatMessageW = Len(buffer)
End Function

Public Function RegGetValueW(key As Long, subkey As String, valueName As String, flags As Long, kind As Long, buffer As String, ByRef size As Long) As Long
    Note "setting " & subkey & "|" & valueName
    RegGetValueW = 2
    If Len(interpreter) = 0 Then Exit Function
    buffer = interpreter & vbNullChar
    size = 2 * Len(buffer)
    RegGetValueW = 0
End Function

Public Function CoCreateGuid(id As Variant) As Long
    id.data4 = started + 1
End Function

Public Function StringFromGUID2(id As Variant, buffer As String, size As Long) As Long
    buffer = "{00000000-0000-0000-0000-00000000000" & id.data4 & "}" & vbNullChar
    StringFromGUID2 = 39
End Function

' With a command it starts Python and waits, as it does for workbooks of version 0.1; with a GUID it only looks.
Public Function XLPyDLLActivateAuto(ByRef result As Variant, startCommand As Variant, mode As Variant) As Variant
    Note "activate " & startCommand & " " & mode
    If Left(startCommand, 1) = "{" And Not (serves And startCommand = startedGuid) Then
        result = "No command specified in the configuration, cannot autostart server"
        XLPyDLLActivateAuto = 1
    ElseIf Len(startFailure) = 0 Then
        Set result = New FakeServer
        XLPyDLLActivateAuto = 0
    Else
        result = startFailure
        XLPyDLLActivateAuto = 1
    End If
End Function

Public Function StrPtr(text As Variant) As Variant
    StrPtr = text
End Function

Public Function GetCurrentDirectoryW(size As Variant, path As Variant) As Variant
    GetCurrentDirectoryW = 0
End Function

Public Function SetCurrentDirectoryW(path As Variant) As Variant
    SetCurrentDirectoryW = 1
End Function
