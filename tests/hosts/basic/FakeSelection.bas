' The active cell, which takes a text for a number where it looks like one, unless an apostrophe stands before it.
Option VBASupport 1
Option ClassModule
Option Explicit

Public IsLocked As Boolean
Public HasSpill As Boolean
Public SpillParent As Object
Public Areas As Collection
Public Worksheet As Object
Public ListObject As Object
Private held As Variant
Private heldFormula As Boolean

Public Property Get HasFormula() As Variant
    HasFormula = heldFormula
End Property

Public Property Get Value2() As Variant
    Value2 = held
End Property

Public Property Let Value2(entered As Variant)
    If IsLocked Then Err.Raise 1004, , "The cell is protected."
    heldFormula = False
    held = entered
    If VarType(entered) <> vbString Then Exit Property
    If Left(entered, 1) = "'" Then
        held = Mid(entered, 2)
    ElseIf Left(entered, 1) = "=" Then
        heldFormula = True
    ElseIf IsNumeric(entered) Or IsDate(entered) Or UCase(entered) = "TRUE" Then
        held = 1.5
    End If
End Property

Public Property Get Formula() As Variant
    Formula = held
End Property

Public Property Let Formula(entered As Variant)
    Value2 = entered
End Property

Public Property Get Formula2() As Variant
    Formula2 = held
End Property

Public Property Let Formula2(entered As Variant)
    Value2 = entered
End Property

Public Function Address(Optional RowAbsolute As Variant, Optional ColumnAbsolute As Variant, Optional ReferenceStyle As Variant, Optional External As Variant) As Variant
    Address = "$A$1"
    If Not IsMissing(RowAbsolute) Then Address = "A1"
    If Not IsMissing(External) Then Address = "'[My book.xlsx]Rows 1'!$A$1"
End Function
