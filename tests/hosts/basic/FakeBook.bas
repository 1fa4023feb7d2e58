' A workbook of Excel's, as far as its links go. It notes what is changed.
Option VBASupport 1
Option ClassModule
Option Explicit

Public Name As String
Public FullName As String
Public Saved As Boolean
Public Links As String     ' one path a line
Public IsProtected As Boolean

Public Function LinkSources(kind As Variant) As Variant
    If kind <> 1 Then Err.Raise 5, , "Excel's links are of the kind 1"
    If Len(Links) = 0 Then LinkSources = Empty Else LinkSources = Split(Links, Chr(10))
End Function

Public Sub ChangeLink(old As Variant, fresh As Variant, kind As Variant)
    If IsProtected Then Err.Raise 1004, , "Method 'ChangeLink' of object '_Workbook' failed"
    If kind <> 1 Then Err.Raise 5, , "Excel's links are of the kind 1"
    Note "relink " & Name & "|" & old & "|" & fresh & "|" & excel.DisplayAlerts
    Links = Replace(Links, old, fresh)
    Saved = False
End Sub
