' A cell with a formula, which calculates as long as Excel is asked to.
Option VBASupport 1
Option ClassModule
Option Explicit

Public Address As String

Public Sub Dirty()
    Note "dirty " & Address
    If dirtyCalculates Then CalledFrom Address
End Sub

Public Sub Calculate()
    Note "calculate " & Address
    CalledFrom Address
End Sub
