' The ribbon, which asks again what it shows when it is told to.
Option VBASupport 1
Option ClassModule
Option Explicit

Public Sub Invalidate()
    Note "redraw"
End Sub
