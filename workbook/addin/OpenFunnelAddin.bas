Attribute VB_Name = "OpenFunnelAddin"
' What the add-in does for workbooks that use its functions and have no macros of their own.
Option Explicit

Private Const ExcelLinks As Long = 1 ' xlExcelLinks, and xlLinkTypeExcelLinks

' A workbook was opened. One that does not use the add-in costs nothing: Python is not started for it.
Public Sub OpenFunnelServe(ByVal book As Object)
    Dim count As Long
    On Error Resume Next
    count = LinksToAddins(book).Count
    If count > 0 Then
        Application.OnTime Now, MacrosOfAddin() & "OpenFunnelRelink" ' Excel shows the workbook first
        OpenFunnelLater book.Name
    End If
End Sub

' A workbook notes where the add-in lay when it was saved: on another computer, or for another user, that is nowhere.
Public Sub OpenFunnelRelink()
    Dim book As Object
    For Each book In Application.Workbooks
        RelinkBook book
    Next book
End Sub

' The ribbon calls this one; a control is named after its macro. It stands only here, so that no workbook's is called instead.
Public Sub OpenFunnelRibbon(control As Object)
    Application.Run MacrosOfAddin() & control.ID
End Sub

' A book that is protected keeps its links, and shows the values that it has. Nobody is asked, and nothing is to be saved for it.
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

' The book's links to files that are named like this one, in whatever folder.
Private Function LinksToAddins(ByVal book As Object) As Collection
    Dim found As Collection, links As Variant, link As Variant
    Set found = New Collection
    links = book.LinkSources(ExcelLinks)
    If IsArray(links) Then ' which it is not where there are none at all
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

Private Function MacrosOfAddin() As String
    MacrosOfAddin = "'" & Replace(ThisWorkbook.Name, "'", "''") & "'!"
End Function
