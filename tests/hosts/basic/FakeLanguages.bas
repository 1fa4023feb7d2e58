' The languages of Office.
Option VBASupport 1
Option ClassModule
Option Explicit

Public Number As Long ' of the menus

Public Function LanguageID(which As Variant) As Variant
    If which <> 2 Then Err.Raise 5, , "2 is the language of the menus"
    LanguageID = Number
End Function
