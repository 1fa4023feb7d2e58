Attribute VB_Name = "OpenFunnelAddin"
' Serves workbooks that use the add-in's functions and have no macros of their own.
Option Explicit

Private Const ExcelLinks As Long = 1 ' xlExcelLinks, and xlLinkTypeExcelLinks

' Called when a workbook was opened. Python is not started for workbooks that do not use the add-in.
Public Sub OpenFunnelServe(ByVal book As Object)
    Dim count As Long
    On Error Resume Next
    count = LinksToAddins(book).Count
    If count > 0 Then
        Application.OnTime Now, MacrosOfThis() & "OpenFunnelRelink" ' Excel shows the workbook first
        OpenFunnelLater book.Name
    End If
End Sub

' A workbook remembers the add-in's path from when it was saved, which does not exist on another computer or for another user.
Public Sub OpenFunnelRelink()
    Dim book As Object
    For Each book In Application.Workbooks
        RelinkBook book
    Next book
End Sub

' A protected workbook keeps its links and its values. The user is not asked, and the workbook stays marked as saved.
Private Sub RelinkBook(ByVal book As Object)
    Dim link As Variant, wasSaved As Boolean, alerts As Boolean
    On Error Resume Next
    wasSaved = book.Saved
    alerts = Application.DisplayAlerts
    Application.DisplayAlerts = False
    For Each link In LinksToAddins(book)
        If StrComp(CStr(link), ThisWorkbook.FullName, vbTextCompare) <> 0 Then
            book.ChangeLink CStr(link), ThisWorkbook.FullName, ExcelLinks
        End If
    Next link
    Application.DisplayAlerts = alerts
    If wasSaved Then book.Saved = True
End Sub

' The workbook's links to files of the same name as this one, in any folder.
Private Function LinksToAddins(ByVal book As Object) As Collection
    Dim found As Collection, links As Variant, link As Variant
    Set found = New Collection
    links = book.LinkSources(ExcelLinks)
    If IsArray(links) Then ' it is Empty if there are no links
        For Each link In links
            If StrComp(FileOf(CStr(link)), ThisWorkbook.Name, vbTextCompare) = 0 Then found.Add CStr(link)
        Next link
    End If
    Set LinksToAddins = found
End Function

' The path may be a web address.
Private Function FileOf(path As String) As String
    FileOf = Mid$(path, InStrRev(Replace(path, "/", "\"), "\") + 1)
End Function
