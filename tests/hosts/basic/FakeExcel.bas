' Excel's part, as far as LibreOffice's own Application has none or can't be told what to say.
Option VBASupport 1
Option ClassModule
Option Explicit

Public DisplayAlerts As Boolean
Public Workbooks As Collection
Public IsRenamed As Boolean ' whether the workbook has another name than in the addresses of cells
Public Addin As FakeBook ' the file whose code runs, where that is the add-in

Public IsAddin As Boolean  ' whether the file whose code runs is one
Public IsHidden As Boolean ' whether the workbook is hidden, as an add-in is
Public Languages As FakeLanguages
Public Selection As FakeSelection
Public LacksCells As Boolean ' as on a chart sheet
Public LacksBooks As Boolean

Public CancelKey As Long
Public CancelKeyIsLocked As Boolean

Public Property Get EnableCancelKey() As Variant
    EnableCancelKey = CancelKey
End Property

Public Property Let EnableCancelKey(wanted As Variant)
    If CancelKeyIsLocked Then Err.Raise 1004, , "Unable to set the EnableCancelKey property of the Application class"
    CancelKey = wanted
End Property

Public Property Get Hwnd() As Variant
    Hwnd = 4242
End Property

Public Property Get Caller() As Variant
    If Len(callingAddress) = 0 Then Set Caller = Nothing Else Set Caller = Range(callingAddress) ' Empty would go into the former range
End Property

Public Function Evaluate(formula As Variant) As Variant
    Note "evaluate " & formula
    If Len(evaluated) = 0 Then Evaluate = 3 Else Evaluate = CVErr(CLng(evaluated))
End Function

Public Sub OnTime(earliest As Variant, macroName As Variant, Optional latest As Variant, Optional schedule As Variant)
    If IsMissing(schedule) Then
        Note "later " & macroName & "|" & CLng((CDbl(earliest) - CDbl(FakeNow())) * 86400)
    Else
        Note "not later " & macroName
    End If
End Sub

Public Function CellAt(address As Variant) As Variant
    Dim cell As FakeCell
    If IsRenamed Then Err.Raise 1004
    Set cell = New FakeCell
    cell.Address = address
    Set CellAt = cell
End Function

Public Sub MacroOptions(Optional Macro As Variant, Optional Category As Variant, Optional Description As Variant, Optional ArgumentDescriptions As Variant)
    Dim count As Long, text As Variant
    If IsHidden Then Err.Raise 1004, , "Cannot edit a macro on a hidden workbook. Unhide the workbook using the Unhide command."
    ThisWorkbook.Saved = False
    If Len(Description) > 255 Then Err.Raise 1004, , "Method 'MacroOptions' of object '_Application' failed"
    If Not IsMissing(ArgumentDescriptions) Then
        count = UBound(ArgumentDescriptions) + 1
        For Each text In ArgumentDescriptions
            If Len(text) > 255 Then Err.Raise 1004, , "Method 'MacroOptions' of object '_Application' failed"
        Next text
    End If
    Note "help " & Macro & "|" & Category & "|" & Description & "|" & count
End Sub

Public Property Get LanguageSettings() As Variant
    Set LanguageSettings = Languages
End Property

Public Function SelectedOne() As Variant
    If LacksCells Then Set SelectedOne = Nothing Else Set SelectedOne = Selection
End Function

Public Function SelectedWindow() As Variant
    If LacksBooks Then Set SelectedWindow = Nothing Else Set SelectedWindow = Addin
End Function

Public Sub OnUndo(text As Variant, macroName As Variant)
    Note "undo " & text & "|" & macroName
End Sub

Public Sub Run(macroName As Variant)
    Note "run " & macroName
End Sub
