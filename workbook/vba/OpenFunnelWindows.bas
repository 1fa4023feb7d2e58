Attribute VB_Name = "OpenFunnelWindows"
' Windows' functions, each as one of VBA that knows of buffers, addresses and handles. They decide nothing, and only Pause waits.
Option Explicit
Option Private Module ' hides these functions from the function wizard
#If Mac = 0 Then

Private Const XlwingsVersion As String = "0.37.8" ' also replaces {XlwingsVersion}, since a Declare accepts no constant
#If Win64 Then
Private Const DllName As String = "xlwings64-" & XlwingsVersion & ".dll"
Private Declare PtrSafe Function XLPyDLLActivateAuto Lib "xlwings64-{XlwingsVersion}.dll" (ByRef result As Variant, ByVal startCommand As String, ByVal mode As Long) As Long
#Else
Private Const DllName As String = "xlwings32-" & XlwingsVersion & ".dll"
Private Declare PtrSafe Function XLPyDLLActivateAuto Lib "xlwings32-{XlwingsVersion}.dll" (ByRef result As Variant, ByVal startCommand As String, ByVal mode As Long) As Long
#End If

' From here to the first procedure: written by the package's builder from the table in win32_api.py, which the tests call Windows by too.
{WindowsDeclarations}

Private Const ForReading As Long = &H80000000   ' GENERIC_READ
Private Const ForAppending As Long = &H100084   ' FILE_APPEND_DATA, FILE_READ_ATTRIBUTES, SYNCHRONIZE
Private Const ForAll As Long = 7                ' others may read, write and delete the file
Private Const OnlyNew As Long = 1               ' CREATE_NEW: follows no link that lies there
Private Const OnlyExisting As Long = 3          ' OPEN_EXISTING
Private Const NoWindow As Long = &H8000000      ' CREATE_NO_WINDOW
Private Const UseStandardHandles As Long = &H100 ' STARTF_USESTDHANDLES
Private Const StillActive As Long = 259         ' STILL_ACTIVE
Private Const FromSystem As Long = &H12FF       ' FORMAT_MESSAGE_FROM_SYSTEM, _IGNORE_INSERTS, on one line
Private Const FromEnd As Long = 2               ' FILE_END
Private Const CurrentUser As Long = &H80000001  ' HKEY_CURRENT_USER
Private Const OnlyText As Long = 2              ' RRF_RT_REG_SZ
Private Const TailBytes As Long = 4096

' A value that SaveSetting would write. GetSetting would lose letters that the system's code page lacks.
Public Function SettingText(program As String, section As String, valueName As String) As String
    Dim key As String, buffer As String, size As Long
    key = "Software\VB and VBA Program Settings\" & program & "\" & section
    buffer = String$(32767, vbNullChar)
    size = 65534
    If RegGetValueW(CurrentUser, StrPtr(key), StrPtr(valueName), OnlyText, 0, StrPtr(buffer), size) = 0 Then
        SettingText = Left$(buffer, size \ 2 - 1) ' bytes, with a null at the end
    End If
End Function

Public Function XlwingsDll() As String
    XlwingsDll = DllName
End Function

Public Function XlwingsNeeded() As String
    XlwingsNeeded = XlwingsVersion
End Function

' The version of an xlwings whose DLL is in a folder, or "".
Public Function XlwingsIn(folder As String) As String
    Dim pattern As String, before As Long, name As String
    pattern = Replace(DllName, XlwingsVersion, "*")
    before = InStr(pattern, "*") - 1
    name = FirstFile(folder & "\" & pattern)
    If Len(name) >= Len(pattern) Then XlwingsIn = Mid$(name, before + 1, Len(name) - Len(pattern) + 1)
End Function

' The name of the first file that a pattern finds, or "".
Private Function FirstFile(pattern As String) As String
    Dim buffer As String, search As LongPtr
    buffer = String$(296, vbNullChar) ' a WIN32_FIND_DATAW has 592 bytes, of which the name begins after 44
    search = FindFirstFileW(StrPtr(pattern), StrPtr(buffer))
    If search = -1 Then Exit Function
    FindClose search
    FirstFile = Mid$(buffer, 23)
    FirstFile = Left$(FirstFile, InStr(FirstFile, vbNullChar) - 1)
End Function

Public Function HasFile(path As String) As Boolean
    HasFile = GetFileAttributesW(StrPtr(path)) <> -1
End Function

Public Function LoadsDll(path As String) As Boolean
    LoadsDll = LoadLibraryW(StrPtr(path)) <> 0
End Function

' The server with this GUID, or Nothing. With a GUID in place of a command, the DLL only looks for a running server.
Public Function FoundServer(guid As String) As Object
    Dim result As Variant
    Set FoundServer = Nothing
    If XLPyDLLActivateAuto(result, guid, 1) = 0 Then Set FoundServer = result
End Function

Public Function ProcessId() As String
    ProcessId = CStr(GetCurrentProcessId())
End Function

' Milliseconds, which begin again at 0 after 49 days.
Public Function Ticks() As Double
    Ticks = GetTickCount()
    If Ticks < 0 Then Ticks = Ticks + 4294967296#
End Function

' A window of Python may come in front of Excel, until the next press of a key or of the mouse.
Public Sub LetComeToFront()
    AllowSetForegroundWindow -1 ' ASFW_ANY
End Sub

Public Sub Pause(ByVal milliseconds As Long)
    Sleep milliseconds
End Sub

Public Function EnvironmentText(variable As String) As String
    Dim buffer As String, size As Long
    buffer = String$(32767, vbNullChar) ' the longest that there is
    size = GetEnvironmentVariableW(StrPtr(variable), StrPtr(buffer), 32767)
    EnvironmentText = Left$(buffer, size)
End Function

Public Sub SetEnvironmentText(variable As String, text As String)
    SetEnvironmentVariableW StrPtr(variable), StrPtr(text)
End Sub

Public Function TemporaryFolder() As String
    Dim buffer As String, size As Long
    buffer = String$(1024, vbNullChar)
    size = GetTempPathW(1024, StrPtr(buffer))
    TemporaryFolder = Left$(buffer, size)
End Function

Public Function NewGuid() As String
    Dim id As GUID, buffer As String
    CoCreateGuid id
    buffer = String$(39, vbNullChar)
    StringFromGUID2 id, StrPtr(buffer), 39
    NewGuid = Left$(buffer, 38)
End Function

' Starts a program without a window, whose errors go into a new file. Gives its handle, or "" and what Windows says about it.
Public Function StartedProcess(program As String, commandLine As String, folder As String, errorFile As String, ByRef failure As String) As String
    Dim startup As STARTUPINFOW, process As PROCESS_INFORMATION, security As SECURITY_ATTRIBUTES, errors As LongPtr, number As Long
    If LenB(startup) <> SizeOf_STARTUPINFOW Or LenB(process) <> SizeOf_PROCESS_INFORMATION Or LenB(security) <> SizeOf_SECURITY_ATTRIBUTES Then
        failure = "This Excel has structures of another size than Windows." ' with which Windows would overwrite Excel's memory
        Exit Function
    End If
    security.nLength = SizeOf_SECURITY_ATTRIBUTES
    security.bInheritHandle = 1
    errors = CreateFileW(StrPtr(errorFile), ForAppending, ForAll, security, OnlyNew, 0, 0)
    startup.cb = SizeOf_STARTUPINFOW
    If errors <> -1 Then ' without the file Python starts too, and says nothing of its errors
        startup.dwFlags = UseStandardHandles
        startup.hStdError = errors
    End If
    If CreateProcessW(StrPtr(program), StrPtr(commandLine), 0, 0, 1, NoWindow, 0, StrPtr(folder), startup, process) = 0 Then
        number = Err.LastDllError
        failure = Replace(SystemWords(number), "%1", program)
    Else
        CloseHandle process.hThread
        StartedProcess = CStr(process.hProcess)
    End If
    If errors <> -1 Then CloseHandle errors
End Function

' Whether the process has ended, and its exit code if so.
Public Function HasEnded(handle As String, ByRef exitCode As Long) As Boolean
    If GetExitCodeProcess(CLngPtr(handle), exitCode) = 0 Then
        HasEnded = True
    ElseIf exitCode <> StillActive Then
        HasEnded = True
    Else
        HasEnded = WaitForSingleObject(CLngPtr(handle), 0) = 0 ' it may have ended with that code; 0: does not wait
    End If
End Function

Public Sub ForgetProcess(handle As String)
    CloseHandle CLngPtr(handle)
End Sub

Public Sub RemoveFile(path As String)
    DeleteFileW StrPtr(path)
End Sub

' The end of a file in the code page of the system, or "".
Public Function TailOf(path As String) As String
    Dim file As LongPtr, security As SECURITY_ATTRIBUTES, bytes() As Byte, count As Long, buffer As String, size As Long
    security.nLength = SizeOf_SECURITY_ATTRIBUTES
    file = CreateFileW(StrPtr(path), ForReading, ForAll, security, OnlyExisting, 0, 0)
    If file = -1 Then Exit Function
    SetFilePointer file, -TailBytes, 0, FromEnd ' fails, and stays at the beginning, where the file is shorter
    ReDim bytes(0 To TailBytes - 1)
    ReadFile file, VarPtr(bytes(0)), TailBytes, count, 0
    CloseHandle file
    If count > 0 Then
        buffer = String$(TailBytes, vbNullChar)
        size = MultiByteToWideChar(0, 0, VarPtr(bytes(0)), count, StrPtr(buffer), TailBytes)
        TailOf = Left$(buffer, size)
    End If
End Function

' What Windows says about one of its error numbers, in the user's language.
Private Function SystemWords(ByVal number As Long) As String
    Dim buffer As String, size As Long
    buffer = String$(1024, vbNullChar)
    size = FormatMessageW(FromSystem, 0, number, 0, StrPtr(buffer), 1024, 0)
    SystemWords = Trim$(Left$(buffer, size)) & " (" & number & ")"
End Function
#End If
