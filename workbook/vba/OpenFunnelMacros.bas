Attribute VB_Name = "OpenFunnelMacros"
' What buttons, the ribbon and the macro list do. Python does the work and says in the status bar when it is done.
Option Explicit
#Const LibreOffice = False ' LibreOffice passes over this, and runs what VBA leaves out

Public Sub OpenFunnelRefreshCell()
    OpenFunnelAct "refresh cell"
End Sub

Public Sub OpenFunnelRefreshSheet()
    OpenFunnelAct "refresh sheet"
End Sub

Public Sub OpenFunnelRefreshBook()
    OpenFunnelAct "refresh book"
End Sub

Public Sub OpenFunnelRefreshFinal()
    OpenFunnelAct "refresh final"
End Sub

Public Sub OpenFunnelLandTable()
    OpenFunnelAct "land table"
End Sub

Public Sub OpenFunnelRefreshPivots()
    OpenFunnelAct "refresh pivots"
End Sub

Public Sub OpenFunnelSendCopy()
    OpenFunnelAct "send copy"
End Sub

Public Sub OpenFunnelLiveOn()
    OpenFunnelLive True
End Sub

Public Sub OpenFunnelLivePaused()
    OpenFunnelLive False
End Sub

Public Sub OpenFunnelCancelJob()
    Dim job As String
#If LibreOffice Then
    OpenFunnelAct "cancel job" ' it says what to do there
    Exit Sub
#End If
    job = OpenFunnelJobHere()
    If Len(job) = 0 Then Exit Sub
    If MsgBox("Cancel the job " & job & "?" & vbNewLine & vbNewLine & "It cannot be continued, and the companies" & _
            " delivered so far are billed.", vbYesNo + vbExclamation + vbDefaultButton2, "OpenFunnel") = vbYes Then
        OpenFunnelAct "cancel job", job
    End If
End Sub

Public Sub OpenFunnelOpenLog()
    OpenFunnelAct "open log"
End Sub

Public Sub OpenFunnelOpenHelp()
    OpenFunnelAct "open help"
End Sub
