' Python's part. It records what it is asked, and follows the plan of Fakes: one word for each call, the last one for ever.
Option VBASupport 1
Option ClassModule
Option Explicit

Public Function CallUDF(moduleName As Variant, functionName As Variant, arguments As Variant, book As Variant, caller As Variant) As Variant
    Note "call " & moduleName & " " & functionName & " " & Shown(arguments) & " " & TypeName(book) & " " & TypeName(caller)
    Select Case NextStep()
        Case "gone": Err.Raise -2147023174, , "The RPC server is unavailable."
        Case "escape"
            If excel.CancelKey = 2 Then Err.Raise 18, , "User interrupt occurred"
            Err.Raise 1000, , "Excel asks whether to debug"
        Case "broken": Err.Raise 1000, , "KeyError: 'x'" & Chr(10) & "Traceback (most recent call last):"
        Case "nothing": CallUDF = ""
        Case Else: CallUDF = answered
    End Select
End Function
