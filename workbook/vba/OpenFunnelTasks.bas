Attribute VB_Name = "OpenFunnelTasks"
' What is called by its name. OnTime and OnUndo may not find what is in a private module.
Option Explicit

Public Sub OpenFunnelReady()
    OpenFunnelLook
End Sub

Public Sub OpenFunnelUndo()
    OpenFunnelTakeBack
End Sub

' For scripts that open, calculate and save: Application.Run("OpenFunnelWait", seconds) is True once no cell waits any more.
Public Function OpenFunnelWait(ByVal seconds As Double) As Boolean
    If TypeName(Application.Caller) <> "Range" Then OpenFunnelWait = OpenFunnelWaited(seconds)
End Function
